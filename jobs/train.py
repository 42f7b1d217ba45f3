"""The panel up to the cutoff → a candidate for the months after it, kept in MLflow.

    python -m jobs.train --lake URI [--horizons 1,2,3] [--spine assortment|grid] [--estimator NAME]
        [--parameters tuned|profile] [--workers N] [--as-is]

Reads the gold panel of each horizon. Refuses where a check found skew that was not rebuilt since
(jobs.check_skew), where the panel's columns are not the declared ones, where months of it are
missing, and where features changed since it was assembled. Writes, by horizon, an MLflow run with
parameters, model and recipe, and a registered version with the alias candidate, tagged with what
it was made from; jobs.promote makes it the champion that jobs.forecast uses.
"""

import argparse
import json
import sys
from datetime import date
from typing import Any

from features.feature_set import feature_set
from features.tables import features_table
from jobs import tunings
from jobs.code_versions import VERSIONS, made_by
from jobs.command import Context, Job, add_lake_argument, lake_of, main, progress
from jobs.horizon_arguments import add_horizons_argument
from jobs.lineage import training_digest
from jobs.modelling.folds import first_target
from jobs.modelling.recipe import Recipe
from jobs.modelling.registry import Registered, Registry
from jobs.modelling.scoring import require_sound_model
from jobs.modelling.task_slots import check_workers, given_workers
from jobs.modelling.tracking import Tracking
from jobs.panel_checks import require_fit_panel
from jobs.panel_rows import PanelRows, add_estimator_argument, add_training_arguments, closed_months
from jobs.skew import require_no_skew
from jobs.tunings import add_parameters_argument
from lakehouse.delta import log
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile import bounds_of
from lakehouse.stored_profile import stored_profile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    add_horizons_argument(parser)
    add_training_arguments(parser)
    add_estimator_argument(parser)
    add_parameters_argument(parser)
    parser.add_argument(
        "--as-is",
        action="store_true",
        help="learn from the panel also where features changed since it was assembled, as they do "
        "all the time beside a stream",
    )


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Train each horizon's candidate."""
    lake = lake_of(context, arguments)
    require_no_skew(lake)
    for horizon in arguments.horizons:
        panel = training_panel(lake, arguments.spine, horizon)
        require_fit_panel(panel, may_be_stale=arguments.as_is)
    if arguments.workers is not None:
        check_workers(context.spark, arguments.workers)
    made = {horizon: trained(context, lake, arguments, horizon) for horizon in arguments.horizons}
    return {
        "trained": any(one["trained"] for one in made.values()),
        "cutoff": closed_months(lake).last,
        "candidates": made,
    }


def trained(
    context: Context, lake: Lake, arguments: argparse.Namespace, horizon: int
) -> dict[str, Any]:
    """Train a candidate, unless it or the champion was made from these very inputs."""
    given = tunings.chosen(lake, arguments.parameters, arguments.spine)
    panel = training_panel(lake, arguments.spine, horizon)
    family = arguments.estimator or given.model.estimator
    parameters = given.model.model_dump(mode="json")
    recipe = Recipe(family, parameters, tuple(panel.features.names), panel.spine, horizon)
    months = MonthRange(panel.months[0], panel.months[-1])
    inputs = training_digest(
        lake,
        panel.features,
        panel.spine,
        months,
        recipe.digest,
        *given_workers(arguments.workers),
        horizon=horizon,
    )
    registry = Registry(Tracking(context, lake))
    known = registry.made_from(inputs, horizon)
    if known is None:
        span = f"{months.first:%Y-%m} to {months.last:%Y-%m}"
        progress("train: horizon %d, %s; parameters are %s", horizon, span, given.source)
        made = candidate(context, panel, recipe, inputs, arguments.workers)
    else:
        progress("train: horizon %d is up to date", horizon)
        made = known
    figures = {"version": made.version, "run": made.run, "trained": known is None}
    return {**figures, "parameters": given.source}


def training_panel(lake: Lake, spine: str, horizon: int) -> PanelRows:
    """Name the rows to learn from: of every closed month whose features know enough.

    Raises:
        RefusedError: no closed month is left to learn from.
    """
    profile = stored_profile(lake)
    first = first_target(profile.model.first_training_month, horizon)
    months = training_months(closed_months(lake), first)
    return PanelRows(lake, feature_set(profile), spine, tuple(months), horizon)


def candidate(
    context: Context, panel: PanelRows, recipe: Recipe, inputs: str, workers: int | None
) -> Registered:
    """Fit a model, keep it, and make it the candidate of its horizon.

    Raises:
        UnsoundForecastError: what it returns for the newest month is not what a model owes.
    """
    tracking = Tracking(context, panel.lake)
    clip = stored_profile(panel.lake).target_clip
    estimator = recipe.made(clip, workers)
    origin = made_from(panel.lake, panel, closed_months(panel.lake).last)
    origin["workers"] = check_workers(context.spark, workers)
    with tracking.run("train", {**estimator.describe(), **origin}, inputs) as run_:
        model = estimator.fit(panel, context.spark)
        newest = panel.of(panel.months[-1:]).frame(context.spark)
        require_sound_model(newest, estimator.name, model, bounds_of(clip))
        tracking.log_model(model, recipe)
    tags = {
        "inputs": inputs,
        "estimator": recipe.estimator,
        "features": log.digest(list(recipe.features)),
        VERSIONS: made_by(panel.features.groups),
        **origin,
    }
    return Registry(tracking).register(run_, recipe.horizon, tags)


def made_from(lake: Lake, panel: PanelRows, cutoff: date) -> dict[str, Any]:
    """Name what a model is made from: cutoff, rows and the versions of the tables read."""
    return {
        "cutoff": cutoff,
        "horizon": panel.horizon,
        "spine": panel.spine,
        "panel_version": log.version(lake, panel.table),
        "table_versions": json.dumps(
            {t.path: log.version(lake, t) for t in map(features_table, panel.features.groups)}
        ),
    }


def training_months(closed: MonthRange, first: int) -> MonthRange:
    """Return the target months to learn from.

    Raises:
        RefusedError: no closed month is left to learn from.
    """
    months = list(closed)[first:]
    if not months:
        raise RefusedError(
            f"{len(closed)} closed months are too few to train: the first {first} have no lags "
            "to learn from; ingest more history or lower first_training_month in the profile."
        )
    return MonthRange(months[0], closed.last)


JOB = Job("train", "Train candidates for the months after the cutoff.", add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
