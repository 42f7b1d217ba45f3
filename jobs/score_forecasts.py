"""Forecast scores: published forecasts and sold units → errors, and whether to retrain.

    python -m jobs.score_forecasts [--lake URI] [--month YYYY-MM]

Reads gold forecasts, forecast_versions and model_history, the monthly cells, the features known at
each cutoff, and MLflow. Writes gold forecast_scores: errors of each published version in each
closed month, per segment, next to naive forecasts of the same rows. A version withdrawn before the
month is skipped. If a month's sales have changed since, the month is scored again and its rows are
replaced. ``retrain_due`` and ``reasons`` in the result line say whether to train.
"""

import argparse
import sys
from typing import Any

from cli.arguments import add_lake_argument, lake_of, month
from cli.command import Job, main
from features.feature_set import feature_set
from forecasting.due import due
from forecasting.scores import (
    cells,
    require_forecast,
    retrain_reasons,
    scored_cells,
    scores,
    store,
    versions,
)
from ingestion.lake_months import closed_months
from lakehouse.context import Context
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from modelling.estimators.soundness import UnsoundForecastError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    parser.add_argument(
        "--month", type=month, metavar="YYYY-MM", help="score this month alone (default: all)"
    )


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Score the unscored months of published versions, then assess the champions."""
    lake = lake_of(context, arguments)
    features = feature_set(stored_profile(lake))
    closed = closed_months(lake)
    stored = versions(lake)
    if arguments.month is not None:
        require_forecast(lake, arguments.month, closed, stored)
    listed = [
        one
        for one in due(stored, closed, cells(lake, features), scored_cells(lake))
        if arguments.month in (None, one.month)
    ]
    unsound = 0
    for one in listed:
        progress("score_forecasts: %s of version %s", f"{one.month:%Y-%m}", one.version)
        try:
            found = scores(context.spark, lake, features, closed, one)
        except UnsoundForecastError as error:
            progress("score_forecasts: version %s is not scored. %s", one.version, error)
            unsound += 1
        else:
            store(lake, one, found, context.now)
    if not listed:
        progress("score_forecasts: up to date")
    found_reasons = retrain_reasons(context, lake, features, closed)
    return {
        "scored": len(listed) - unsound,
        **({"unsound": unsound} if unsound else {}),
        "retrain_due": bool(found_reasons),
        "reasons": found_reasons,
    }


JOB = Job("score_forecasts", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
