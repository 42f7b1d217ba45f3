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
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from cli.arguments import add_lake_argument, lake_of, month
from cli.command import FoundError, Job, main
from ingestion.books.completeness import Completeness, has_begun, is_over, judge_months
from ingestion.lake_months import LakeMonths, close, read_months, reopen
from lakehouse.context import Context
from lakehouse.errors import RefusedError, UsageError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.progress import progress


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
        help="the month to close, refused unless it is the open one (default: the open one); "
        "a command that names the month can be repeated",
    )
    which.add_argument(
        "--reopen",
        metavar="YYYY-MM",
        type=month,
        help="open the last closed month again, as when it was closed by mistake",
    )
    whether = parser.add_mutually_exclusive_group()
    whether.add_argument(
        "--if-complete",
        action="store_true",
        help="leave the month open where days or shops are missing beside the months before",
    )
    whether.add_argument(
        "--even-if-incomplete",
        action="store_true",
        help="close the month also where it has no sale, sales on few days, or has not ended; "
        "needs --month or --through",
    )


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Close the months asked for if they look complete, or reopen the last closed month.

    Raises:
        UsageError: ``--even-if-incomplete`` without a named month; add ``--month YYYY-MM``.
        FoundError: a month looks incomplete; ingest the missing sales, or close the month with
            ``--even-if-incomplete``.
    """
    lake = lake_of(context, arguments)
    if arguments.reopen:
        months = reopen(lake, arguments.reopen)
        return {"reopened": f"{arguments.reopen:%Y-%m}", **opened(months)}
    if arguments.even_if_incomplete and not (arguments.month or arguments.through):
        raise UsageError(
            "--even-if-incomplete: name the month by --month YYYY-MM, so that a command that is "
            "repeated closes no other."
        )
    months = read_months(lake)
    asked = arguments.through or arguments.month or months.open_month
    if is_closed(asked, months):
        progress("%s is closed already", f"{asked:%Y-%m}")
        return {"closed": f"{asked:%Y-%m}", "unchanged": True, **opened(months)}
    due = due_months(asked, months, context.now, is_through=bool(arguments.through))
    judged = judge_months(lake, due)
    missing = missing_of(judged, context.now, arguments)
    if missing and arguments.if_complete:
        return {"closed": None, "unchanged": True, **opened(months), "incomplete": missing}
    if missing and not arguments.even_if_incomplete:
        raise incomplete(missing, months)
    unusual = missing or unusual_of(judged)
    after = close_months(lake, due, context.now)
    closed = {"closed": f"{asked:%Y-%m}", "unchanged": False, **opened(after)}
    return {**closed, **({"incomplete": unusual} if unusual else {})}


def is_closed(asked: date, months: LakeMonths) -> bool:
    """Return whether a month belongs to the lake and is closed."""
    return asked in months.range and asked != months.open_month


def due_months(asked: date, months: LakeMonths, now: datetime, *, is_through: bool) -> list[date]:
    """List the months to close, oldest first.

    Raises:
        RefusedError: the month is not the open month, or has not begun.
    """
    if (not is_through and asked != months.open_month) or asked < months.range.first:
        raise RefusedError(
            f"{asked:%Y-%m} is not the open month, which is {months.open_month:%Y-%m}; months are "
            "closed in their order."
        )
    if not has_begun(asked, now):
        raise RefusedError(
            f"{asked:%Y-%m} has not begun and cannot be closed; the open month is "
            f"{months.open_month:%Y-%m}."
        )
    return list(MonthRange(months.open_month, asked))


def missing_of(
    judged: Sequence[Completeness], now: datetime, arguments: argparse.Namespace
) -> dict[str, list[str]]:
    """Find and log what each month lacks.

    With ``--if-complete`` any doubt counts. Otherwise a user has decided that the month is
    complete, and only missing days or a month that has not ended count.

    Returns:
        Month (YYYY-MM) → sentences; only months that lack something.
    """
    found = {}
    for one in judged:
        texts = one.doubts if arguments.if_complete else [one.missing_days or ""]
        if not is_over(one.month, now):
            texts = ["it has not ended", *texts]
        found[f"{one.month:%Y-%m}"] = [text for text in texts if text]
    missing = {name: texts for name, texts in found.items() if texts}
    for name, texts in missing.items():
        progress("%s looks incomplete: %s", name, "; ".join(texts))
    return missing


def unusual_of(judged: Sequence[Completeness]) -> dict[str, list[str]]:
    """Find and log the doubts about months that are closed anyway: month (YYYY-MM) → sentences."""
    found = {f"{one.month:%Y-%m}": one.doubts for one in judged if one.doubts}
    for name, texts in found.items():
        progress("%s is closed, although %s", name, "; ".join(texts))
    return found


def incomplete(missing: dict[str, list[str]], months: LakeMonths) -> FoundError:
    """Build the error that refuses to close months that look incomplete."""
    texts = "; ".join(f"{name}: {', '.join(found)}" for name, found in missing.items())
    return FoundError(
        f"not closed: {texts}. Ingest the sales that are missing, or close the month all the same "
        "by --month YYYY-MM --even-if-incomplete.",
        {"closed": None, "unchanged": True, **opened(months), "incomplete": missing},
    )


def close_months(lake: Lake, due: Sequence[date], now: datetime) -> LakeMonths:
    """Close months one after the other; return the lake's months after the last close."""
    for one in due:
        after = close(lake, one, now)
    return after


def opened(months: LakeMonths) -> dict[str, str]:
    """Return the open month as a field of the result line."""
    return {"open_month": f"{months.open_month:%Y-%m}"}


JOB = Job("close_month", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
