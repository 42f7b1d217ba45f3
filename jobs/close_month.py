"""Closes the lake's open month and opens the next.

    python -m jobs.close_month [--lake URI] [--month YYYY-MM | --through YYYY-MM] [--if-complete]

Reads silver months and, with --if-complete, daily_sales. Writes silver months by one commit.
"""

import argparse
import sys
from datetime import date, timedelta
from typing import Any

from jobs.command import Context, Job, add_lake_argument, lake_of, main, progress
from jobs.month_arguments import month
from lakehouse.lake import Lake
from lakehouse.lake_months import LakeMonths, close, read_months
from lakehouse.month_range import plus_months
from lakehouse.sales.span import has_live_sale


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--through",
        metavar="YYYY-MM",
        type=month,
        help="close every month up to this one, as after a history came through Kafka",
    )
    which.add_argument(
        "--month",
        metavar="YYYY-MM",
        type=month,
        help="the month to close, refused unless it is the open one (default: the open one)",
    )
    parser.add_argument(
        "--if-complete",
        action="store_true",
        help="only where there is a live sale on the last day of the open month",
    )


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Close a month, unless it is closed already or not complete."""
    lake = lake_of(context, arguments)
    months = read_months(lake)
    while arguments.through and months.open_month < arguments.through:
        months = close(lake, months.open_month, context.now)
    asked = arguments.through or arguments.month or months.open_month
    if is_closed(asked, months):
        progress("%s is closed already", f"{asked:%Y-%m}")
        return {"closed": f"{asked:%Y-%m}", "unchanged": True, **opened(months)}
    if arguments.if_complete and not is_complete(lake, asked):
        progress("%s has no sale on its last day yet", f"{asked:%Y-%m}")
        return {"closed": None, "unchanged": True, **opened(months)}
    after = close(lake, asked, context.now)
    return {"closed": f"{asked:%Y-%m}", "unchanged": False, **opened(after)}


def is_closed(asked: date, months: LakeMonths) -> bool:
    """Say whether a month of the lake is closed."""
    return asked in months.range and asked != months.open_month


def is_complete(lake: Lake, asked: date) -> bool:
    """Say whether the last day of a month has a live sale."""
    return has_live_sale(lake, plus_months(asked, 1) - timedelta(days=1))


def opened(months: LakeMonths) -> dict[str, str]:
    """Report the open month."""
    return {"open_month": f"{months.open_month:%Y-%m}"}


JOB = Job("close_month", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
