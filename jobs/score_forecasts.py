"""Forecast scores: published forecasts and sold units → errors, and whether to retrain.

    python -m jobs.score_forecasts [--lake URI] [--month YYYY-MM]

Reads gold forecasts, forecast_versions and model_history, the monthly cells, the features known at
each cutoff, and MLflow. Writes gold forecast_scores: errors of each published version in each
closed month, per segment, next to naive forecasts of the same rows. A version withdrawn before the
month is skipped. If a month's sales have changed since, the month is scored again and its rows are
replaced. Overrides of closed months (gold overrides) are scored beside the model's numbers, into
gold override_scores by shop and reason; ``override_scores`` in the result line sums the new scores.
``retrain_due`` and ``reasons`` in the result line say whether to train a model of a horizon that
was forecast in the last two years.
"""

import argparse
import sys
from collections.abc import Mapping
from datetime import date
from typing import Any

from cli.arguments import add_lake_argument, lake_of, month
from cli.command import Job, main
from features.feature_set import FeatureSet, feature_set
from forecasting.champion_health import HealthCheck
from forecasting.due_for_scoring import changed_months, due_for_scoring
from forecasting.override_scores import (
    OverrideScore,
    list_due_overrides,
    score_overrides,
    store_override_scores,
    summarise,
)
from forecasting.scores import (
    cells,
    read_scorable,
    require_forecast,
    retrain_reasons,
    scored_cells,
    scores,
    store,
)
from ingestion.lake_months import closed_months
from lakehouse.context import Context
from lakehouse.lake import Lake
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from modelling.estimators.soundness import UnsoundForecastError
from modelling.registry.registry import Registry
from modelling.registry.tracking import Tracking


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    parser.add_argument(
        "--month", type=month, metavar="YYYY-MM", help="score this month alone (default: all)"
    )


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Score the unscored months of published versions, then assess the champions."""
    lake = lake_of(context, arguments)
    profile, closed = stored_profile(lake), closed_months(lake)
    features = feature_set(profile)
    sold, scored = cells(lake, features), scored_cells(lake)
    asked = changed_months(sold, scored) if arguments.month is None else {arguments.month}
    versions = read_scorable(lake, closed.last, asked)
    if arguments.month is not None:
        require_forecast(lake, arguments.month, closed, versions)
    unscored = [
        due
        for due in due_for_scoring(versions, closed, sold, scored)
        if arguments.month in (None, due.month)
    ]
    unsound = 0
    for due in unscored:
        progress("score_forecasts: %s of version %s", f"{due.month:%Y-%m}", due.version)
        try:
            store(lake, due, scores(context.spark, lake, features, closed, due), context.now)
        except UnsoundForecastError as error:
            progress("score_forecasts: version %s is not scored. %s", due.version, error)
            unsound += 1
    overrides = score_due_overrides(context, lake, features, sold, arguments.month)
    if not unscored and not overrides:
        progress("score_forecasts: up to date")
    check = HealthCheck(lake, Registry(Tracking(context, lake, profile)), features, closed)
    horizons = sorted({horizon for version in versions for horizon in version.models})
    reasons = retrain_reasons(check, horizons, profile.retrain)
    return {
        "scored": len(unscored) - unsound,
        **({"unsound": unsound} if unsound else {}),
        "override_scores": summarise(overrides),
        "retrain_due": bool(reasons),
        "reasons": reasons,
    }


def score_due_overrides(
    context: Context,
    lake: Lake,
    features: FeatureSet,
    sold: Mapping[date, str],
    asked: date | None,
) -> list[OverrideScore]:
    """Score and store the overrides of closed months that are not scored yet."""
    scores: list[OverrideScore] = []
    for due in list_due_overrides(lake, sold, asked):
        progress("score_forecasts: %d overrides of %s", len(due.overrides), f"{due.month:%Y-%m}")
        of_month = score_overrides(lake, features, due)
        store_override_scores(lake, due, of_month, context.now)
        scores += of_month
    return scores


JOB = Job("score_forecasts", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
