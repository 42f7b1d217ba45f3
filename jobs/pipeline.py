"""Batch pipeline: a retailer's files → published forecasts, every step in one Spark session.

    python -m jobs.pipeline --lake URI [--data FOLDER --profile NAME] [--folds N]
        [--horizons 1,2,3]

Reads the folder --data; without --data, generates sample data beside the lake first. Writes every
table of the lake. A second run redoes only what changed. The open month is closed only if its sales
look complete compared with the months before (jobs.close_month). If the candidate fails the gate of
jobs.promote, the pipeline forecasts with the current champion. Without a champion, the pipeline
stops with exit code 3 and publishes nothing.
"""

import argparse
import sys
import time
from typing import Any

from cli.arguments import (
    add_folds_argument,
    add_horizons_argument,
    add_lake_argument,
    lake_of,
    written,
)
from cli.command import Job, as_recorded, main
from cli.run_summary import summarise_run
from jobs import (
    backtest,
    build_features,
    build_panel,
    close_month,
    forecast,
    ingest_history,
    make_sample,
    promote,
    score_forecasts,
    train,
)
from lakehouse.context import Context
from lakehouse.errors import UsageError
from lakehouse.progress import progress
from lakehouse.storage import is_local, local_path
from modelling.backtest.plan import OWN
from modelling.backtest.scores import FOLDS

SAMPLE = "sample"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    parser.add_argument(
        "--data", metavar="FOLDER", help="folder of the files (default: generate a sample)"
    )
    parser.add_argument(
        "--profile",
        metavar="NAME",
        default=SAMPLE,
        help="what the files mean: a shipped profile (1c, m5, sample) or a path ending in .toml "
        f"(default: {SAMPLE})",
    )
    add_folds_argument(parser, FOLDS, "number of past months that the backtest scores")
    add_horizons_argument(parser)


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run the steps in order; the first failure ends the run."""
    target = lake_of(context, arguments)
    lake = ["--lake", target.root]
    data = arguments.data or sample(context, arguments)
    folds = ["--folds", str(arguments.folds)]
    horizons = ["--horizons", written(arguments.horizons)]
    steps: list[tuple[Job, list[str]]] = [
        (ingest_history.JOB, [*lake, "--data", data, "--profile", arguments.profile]),
        (close_month.JOB, [*lake, "--if-complete"]),
        (build_features.JOB, lake),
        (build_panel.JOB, [*lake, *horizons]),
        (backtest.JOB, [*lake, *horizons, *folds, "--estimators", OWN]),
        (train.JOB, [*lake, *horizons, "--as-is"]),
        (promote.JOB, [*lake, *horizons, *folds]),
        (forecast.JOB, [*lake, *horizons]),
        (score_forecasts.JOB, lake),
    ]
    results = {}
    for number, (job, argv) in enumerate(steps, start=1):
        progress("[%d/%d] %s", number, len(steps), job.name)
        results[job.name] = step(context, job, argv)
    progress("done%s", summarise_run(results, target, context.settings.api_url))
    return results


def step(context: Context, job: Job, argv: list[str]) -> dict[str, Any]:
    """Run one step with the arguments of its command line.

    Raises:
        NotPromotedError: a candidate was refused, and some horizon has no champion to forecast
            with.
    """
    started = time.monotonic()
    try:
        result = dict(as_recorded(job).run(context, job.parser().parse_args(argv)))
    except promote.NotPromotedError as refusal:
        if not refusal.has_champions:
            raise
        progress("%s The champion stays what it was.", refusal)
        result = dict(refusal.figures)
    return {**result, "seconds": round(time.monotonic() - started, 1)}


def sample(context: Context, arguments: argparse.Namespace) -> str:
    """Generate sample data in the folder ``sample_data`` beside a local lake; return the folder.

    Raises:
        UsageError: the profile is not ``sample``, or the lake is not local; name ``--data``.
    """
    lake = lake_of(context, arguments)
    if arguments.profile != SAMPLE or not is_local(lake.root):
        raise UsageError(
            f"--profile {arguments.profile}, lake {lake.root}: pass --data FOLDER; without --data, "
            "the pipeline generates a sample, which needs --profile sample and a local lake."
        )
    folder = str(local_path(lake.root).parent / "sample_data")
    step(context, make_sample.JOB, ["--out", folder])
    return folder


JOB = Job("pipeline", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
