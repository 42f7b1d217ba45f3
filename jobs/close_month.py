"""Month close: silver months with the open month closed and the next opened, or one reopened.

    python -m jobs.close_month [--lake URI] [--month YYYY-MM | --through YYYY-MM]
        [--if-complete | --even-if-incomplete]
    python -m jobs.close_month [--lake URI] --reopen YYYY-MM

Reads silver months, daily_sales and shops. Writes silver months, one commit per month. The command
refuses (exit code 3) to close a month that has not ended (UTC), has no sale, or has sales on far
fewer days than the months before. With --if-complete such a month stays open with exit code 0, as
does a month in which few shops sold on the last day; the result line says what is missing.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence

from cli.arguments import add_lake_argument, lake_of, month
from cli.command import Job, main
from cli.ending import FoundError
from ingestion.completeness import compare_months
from ingestion.lake_months import LakeMonths, read_months, reopen
from ingestion.month_close import close_months, find_doubts, find_missing, list_months_to_close
from lakehouse.context import Context
from lakehouse.errors import UsageError
from lakehouse.progress import progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--through",
        metavar="YYYY-MM",
        type=month,
        help="close every month up to and including this one, as after Kafka delivered a history",
    )
    which.add_argument(
        "--month",
        metavar="YYYY-MM",
        type=month,
        help="month to close; refused unless the month is the open month, so that a repeated "
        "command changes nothing (default: the open month)",
    )
    which.add_argument(
        "--reopen",
        metavar="YYYY-MM",
        type=month,
        help="open the last closed month again, as after a close by mistake",
    )
    whether = parser.add_mutually_exclusive_group()
    whether.add_argument(
        "--if-complete",
        action="store_true",
        help="leave the month open if days or shops are missing, compared with the months before",
    )
    whether.add_argument(
        "--even-if-incomplete",
        action="store_true",
        help="close the month even if the month has no sale, has sales on few days, or has not "
        "ended; requires --month or --through",
    )


def run(context: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Close the months asked for if they look complete, or reopen the last closed month.

    Raises:
        UsageError: ``--even-if-incomplete`` without a named month; add ``--month YYYY-MM``.
        FoundError: a month looks incomplete; ingest the missing sales, or close the month with
            ``--even-if-incomplete``.
    """
    lake = lake_of(context, arguments)
    if arguments.reopen:
        months = reopen(lake, arguments.reopen)
        return {"reopened": f"{arguments.reopen:%Y-%m}", **open_month(months)}
    if arguments.even_if_incomplete and not (arguments.month or arguments.through):
        raise UsageError(
            "--even-if-incomplete: name the month by --month YYYY-MM, so that a command that is "
            "repeated closes no other month."
        )
    months = read_months(lake)
    last = arguments.through or arguments.month or months.open_month
    if months.is_closed(last):
        progress("%s is closed already", f"{last:%Y-%m}")
        return {"closed": f"{last:%Y-%m}", "unchanged": True, **open_month(months)}
    to_close = list_months_to_close(last, months, context.now, is_through=bool(arguments.through))
    judged = compare_months(lake, to_close)
    missing = find_missing(judged, context.now, with_doubts=arguments.if_complete)
    log_texts("%s looks incomplete: %s", missing)
    if missing and not arguments.even_if_incomplete:
        unchanged = {"closed": None, "unchanged": True, **open_month(months), "incomplete": missing}
        if arguments.if_complete:
            return unchanged
        raise FoundError(describe_missing(missing), unchanged)
    unusual = missing or find_doubts(judged)
    if not missing:
        log_texts("%s is closed, although %s", unusual)
    months = close_months(lake, to_close, context.now)
    closed = {"closed": f"{last:%Y-%m}", "unchanged": False, **open_month(months)}
    return {**closed, **({"incomplete": unusual} if unusual else {})}


def log_texts(message: str, texts: Mapping[str, Sequence[str]]) -> None:
    """Log a line per month (YYYY-MM); ``message`` has a place for the month and for the texts."""
    for month_text, of_month in texts.items():
        progress(message, month_text, "; ".join(of_month))


def describe_missing(missing: Mapping[str, Sequence[str]]) -> str:
    """Write the error message that refuses to close months that look incomplete."""
    texts = "; ".join(f"{month_text}: {', '.join(texts)}" for month_text, texts in missing.items())
    return (
        f"not closed: {texts}. Ingest the sales that are missing, or close the month all the same "
        "by --month YYYY-MM --even-if-incomplete."
    )


def open_month(months: LakeMonths) -> dict[str, str]:
    """Return the open month as a field of the result line."""
    return {"open_month": f"{months.open_month:%Y-%m}"}


JOB = Job("close_month", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
