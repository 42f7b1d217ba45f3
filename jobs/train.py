"""Training: gold panel up to the cutoff → a candidate model per horizon in MLflow.

    python -m jobs.train --lake URI [--horizons 1,2,3] [--spine assortment|grid] [--estimator NAME]
        [--parameters tuned|profile] [--workers N] [--as-is]

Reads the gold panel of each horizon. Refuses to train (exit code 3) if jobs.check_skew found skew
that was not rebuilt since, if the panel's columns differ from the declared ones, if months of the
panel are missing, or if features changed since the panel was assembled (allowed with --as-is).
Writes, per horizon, an MLflow run with parameters, model and recipe, and a registered version with
the alias candidate and its provenance as tags. jobs.promote decides whether a candidate becomes
the champion that jobs.forecast uses.
"""

import argparse
import sys
from dataclasses import asdict
from typing import Any

from cli.arguments import (
    add_estimator_argument,
    add_horizons_argument,
    add_lake_argument,
    add_parameters_argument,
    add_training_arguments,
    lake_of,
)
from cli.command import Job, main
from feature_store.panel.checks import require_fit_panel
from feature_store.skew.results import require_no_skew
from ingestion.lake_months import closed_months
from lakehouse.context import Context
from lakehouse.profile.stored import stored_profile
from modelling.estimators.task_slots import check_workers
from modelling.promotion.candidate import Training, TrainingSpec


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
        help="train even if features changed after jobs.build_panel ran, as they do all the time "
        "while a stream runs",
    )


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Train a candidate for each horizon."""
    lake = lake_of(context, arguments)
    require_no_skew(lake)
    spec = TrainingSpec(
        spine=arguments.spine,
        parameters=arguments.parameters,
        estimator=arguments.estimator,
        workers=arguments.workers,
    )
    training = Training(context, lake, stored_profile(lake), spec, closed_months(lake))
    for horizon in arguments.horizons:
        require_fit_panel(training.panel(horizon), may_be_stale=arguments.as_is)
    if arguments.workers is not None:
        check_workers(context.spark, arguments.workers)
    candidates = {horizon: training.train(horizon) for horizon in arguments.horizons}
    return {
        "trained": any(candidate.trained for candidate in candidates.values()),
        "cutoff": training.closed.last,
        "candidates": {horizon: asdict(candidate) for horizon, candidate in candidates.items()},
    }


JOB = Job("train", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
