"""The panel up to the cutoff → a model for the month after it, kept in MLflow.

    python -m jobs.train --lake URI [--spine assortment|grid] [--workers N]

Reads the gold panel; refuses where the newest check found skew that was not rebuilt since
(jobs.check_skew). Writes an MLflow run with parameters, model, features, cutoff and what the
panel was made from, and makes the model the champion that jobs.forecast uses.
"""

import argparse
import sys
from typing import Any

from features.feature_set import feature_set, panel_table
from jobs.command import Context, Job, add_lake_argument, lake_of, main, progress
from jobs.lineage import training_digest
from jobs.modelling import estimator
from jobs.modelling.tracking import Tracking
from jobs.panel_rows import add_training_arguments, closed_months, panel_rows
from jobs.skew import require_no_skew
from lakehouse.delta import log
from lakehouse.errors import RefusedError
from lakehouse.month_range import MonthRange


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    add_training_arguments(parser)


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Train, unless the champion was made from these very inputs."""
    lake = lake_of(context, arguments)
    require_no_skew(lake)
    if arguments.workers is not None:
        estimator.check_workers(context.spark, arguments.workers)
    profile = lake.profile()
    features = feature_set(profile.target_clip)
    months = training_months(closed_months(lake), profile.model.first_training_month)
    inputs = training_digest(lake, features, arguments.spine, months)
    tracking = Tracking(context, lake)
    champion = tracking.champion_run()
    if champion is not None and champion == tracking.find("train", inputs):
        progress("train: up to date")
        return {"model": champion, "trained": False, "cutoff": months.last}
    workers = estimator.check_workers(context.spark, arguments.workers)
    progress("train: %s to %s", f"{months.first:%Y-%m}", f"{months.last:%Y-%m}")
    parameters = {
        **estimator.parameters(profile.model),
        "spine": arguments.spine,
        "cutoff": months.last,
        "panel_version": log.version(lake, panel_table(features, arguments.spine)),
    }
    rows = panel_rows(context.spark, lake, features, arguments.spine, months)
    with tracking.run("train", parameters, inputs) as model:
        booster = estimator.fit(rows, features.names, profile.model, workers)
        tracking.log_model(booster, features.names)
    return {"model": model, "trained": True, "cutoff": months.last}


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


JOB = Job("train", "Train the model for the month after the cutoff.", add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
