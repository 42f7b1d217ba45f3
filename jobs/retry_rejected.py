"""Retry of rejected records: bronze rejected_sales, checked again → silver.

    python -m jobs.retry_rejected [--lake URI] [--profile NAME|FILE.toml]

Reads bronze rejected_sales; run this after the cause of the rejections was fixed. Writes silver
daily_sales, daily_offers and months, or shops and items for records of the catalogue's topic.
Removes accepted records from rejected_sales and updates the reasons of the remaining ones. The next
run completes a run that was cut off.
"""

import argparse
import sys
from collections import Counter
from typing import Any

from cli.arguments import add_lake_argument, lake_of
from cli.command import Job, main
from ingestion.books.retry import retry
from ingestion.sales.span import extend_months
from lakehouse.context import Context
from lakehouse.delta import log
from lakehouse.delta.arrow import read_batches
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile, load_profile
from lakehouse.profile.stored import claim_lake, stored_profile
from lakehouse.progress import progress
from lakehouse.tables.bronze import REJECTED_SALES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    parser.add_argument(
        "--profile",
        metavar="NAME",
        help="the changed profile, shipped or a path ending in .toml, which becomes the lake's "
        "(default: the lake's own)",
    )


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Check every rejected record again, and ingest the accepted ones."""
    lake = lake_of(context, arguments)
    profile = claimed(lake, arguments.profile)
    progress("putting rejected records through again")
    judged, accepted = retry(lambda: context.spark, lake, profile)
    if judged:
        extend_months(lake, context.now)
    return {
        "retried": judged,
        "accepted": accepted,
        "still_rejected": judged - accepted,
        "still_rejected_by_reason": reasons(lake),
    }


def claimed(lake: Lake, name: str | None) -> Profile:
    """Return the lake's profile; store a named profile as the lake's first.

    Raises:
        LakeError: no lake exists there, or the lake was made with another profile.
    """
    own = stored_profile(lake)
    if name is None:
        return own
    profile = load_profile(name)
    claim_lake(lake, profile)
    return profile


def reasons(lake: Lake) -> dict[str, int]:
    """Count the rejected records per reason; one record may have several reasons."""
    if not log.exists(lake, REJECTED_SALES):
        return {}
    counts: Counter[str] = Counter()
    for batch in read_batches(lake, REJECTED_SALES, ["reasons"], []):
        counts.update(batch["reasons"].flatten().to_pylist())
    return dict(sorted(counts.items()))


JOB = Job("retry_rejected", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
