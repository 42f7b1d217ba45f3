"""Skew check: stored monthly cells and features, compared with a rebuild from daily sales.

    python -m jobs.check_skew [--lake URI] [--sample N | --all] [--seed N]

Reads silver daily_sales, daily_offers, shops, items, months and the cells and features of every
group. Writes gold feature_skew in one commit. The check skips stale months, which the next build
replaces anyway. If a value differs, the command ends with exit code 3, and jobs.train refuses to
train until jobs.build_features --rebuild has run.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import asdict

from cli.arguments import add_lake_argument, lake_of
from cli.command import Job, main
from cli.ending import FoundError
from feature_store.build import Build
from feature_store.skew.check import SkewCheck
from feature_store.skew.plan import make_plan
from feature_store.skew.results import record
from feature_store.skew.sample import Draw
from feature_store.skew.task import CompareTask, RebuildTask
from feature_store.skew.totals import SkewTotals
from lakehouse.context import Context
from lakehouse.errors import UsageError
from lakehouse.progress import progress

SAMPLE = 2_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument(
        "--sample",
        type=int,
        default=SAMPLE,
        metavar="N",
        help=f"about how many keys of each group to compare (default: {SAMPLE})",
    )
    keys.add_argument("--all", action="store_true", help="compare every key")
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="seed of the sample, from 0; another seed draws other keys (default: 0)",
    )


def run(context: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Compare stored cells and features with a rebuild; write the result to gold.feature_skew.

    Raises:
        FoundError: stored cells or features differ from the rebuild; run
            jobs.build_features --rebuild.
    """
    lake = lake_of(context, arguments)
    draw = read_draw(arguments.sample, arguments.seed, is_all=arguments.all)
    build = Build.of(lake, lambda: context.spark)
    plan = make_plan(lake, build, draw)
    stale = plan.stale_months
    progress("comparing %s; %d months are stale", draw, len(stale))
    check = SkewCheck(
        build.executor,
        RebuildTask(lake, build.groups, build.attributes, plan.buckets),
        CompareTask(lake, build.groups, plan.history),
    )
    counts = check.run(plan.sales, plan.comparisons)
    rows = record(lake, plan, str(draw), counts, context.now)
    totals = SkewTotals.of(rows)
    figures = {"draw": str(draw), "stale_months": len(stale), **asdict(totals)}
    if totals.worst:
        raise FoundError(totals.sentence, figures)
    return figures


def read_draw(sample: int, seed: int, *, is_all: bool) -> Draw:
    """Return the draw of keys to compare.

    Raises:
        UsageError: ``--sample`` is below 1 or ``--seed`` below 0.
    """
    if sample < 1 or seed < 0:
        raise UsageError(
            f"--sample {sample} --seed {seed}: pass a sample of at least 1 key "
            "and a seed of at least 0."
        )
    return Draw(None if is_all else sample, seed)


JOB = Job("check_skew", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
