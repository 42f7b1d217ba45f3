"""Retry of rejected records: bronze rejected_sales, checked again → silver.

    python -m jobs.retry_rejected [--lake URI] [--profile NAME|FILE.toml]

Reads bronze rejected_sales; run this after the cause of the rejections was fixed. Writes silver
daily_sales, daily_offers and months, or shops and items for records of the catalogue's topic.
Removes accepted records from rejected_sales and updates the reasons of the remaining ones. The next
run completes a run that was cut off.
"""

import argparse
import sys
from collections.abc import Mapping

from cli.arguments import add_lake_argument, lake_of
from cli.command import Job, main
from ingestion.claim import claim_profile
from ingestion.retry import count_reasons, retry
from ingestion.sales.span import extend_months
from lakehouse.context import Context
from lakehouse.progress import progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    parser.add_argument(
        "--profile",
        metavar="NAME",
        help="the changed profile, shipped or a path ending in .toml, which becomes the lake's "
        "(default: the lake's own)",
    )


def run(context: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Check every rejected record again, and ingest the accepted ones."""
    lake = lake_of(context, arguments)
    profile = claim_profile(lake, arguments.profile, may_create=False)
    progress("checking the rejected records again")
    counts = retry(lambda: context.spark, lake, profile)
    if counts.checked:
        extend_months(lake, context.now)
    return {
        "retried": counts.checked,
        "accepted": counts.accepted,
        "still_rejected": counts.checked - counts.accepted,
        "still_rejected_by_reason": count_reasons(lake),
    }


JOB = Job("retry_rejected", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
