"""Feature build: silver daily sales → monthly cells and features of every group.

    python -m jobs.build_features --lake URI [--from YYYY-MM] [--through YYYY-MM] [--rebuild]

Reads silver daily_sales, daily_offers, shops, items, months. Writes silver monthly_<group> and
gold features_<group>, only the months whose inputs changed since the last build. A --rebuild of
every month also marks the findings of jobs.check_skew in gold feature_skew as rebuilt.
"""

import argparse
import sys
from collections.abc import Mapping

from cli.arguments import add_lake_argument, add_month_arguments, asked, lake_of
from cli.command import Job, main
from feature_store.build import Build
from feature_store.skew.results import note_rebuild
from lakehouse.context import Context
from lakehouse.month_range import MonthRange
from lakehouse.progress import progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    add_month_arguments(parser)
    parser.add_argument("--rebuild", action="store_true", help="build unchanged months too")


def run(context: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Build the stale months, or every month asked for with ``--rebuild``."""
    lake = lake_of(context, arguments)
    build = Build.of(lake, lambda: context.spark)
    build.rebuild = arguments.rebuild
    possible = MonthRange(build.history.first, build.targets.last)
    build.wanted = asked(arguments, possible)
    build.run()
    if arguments.rebuild and build.wanted == possible:
        note_rebuild(lake, context.now)
    if not build.written:
        progress("cells and features: up to date")
    return {"rows": build.written}


JOB = Job("build_features", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
