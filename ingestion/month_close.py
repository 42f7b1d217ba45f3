"""Month close: the months to close, and the reasons against closing them."""

from collections.abc import Sequence
from datetime import date, datetime

from ingestion.completeness import Completeness, has_begun, is_over
from ingestion.lake_months import LakeMonths, close
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange

# Month (YYYY-MM) → texts about the month.
TextsByMonth = dict[str, list[str]]


def list_months_to_close(
    last: date, months: LakeMonths, now: datetime, *, is_through: bool
) -> list[date]:
    """List the months to close, oldest first.

    Args:
        last: the last month to close.
        months: the lake's months.
        now: the time of the close, UTC.
        is_through: whether all months from the open month to ``last`` are closed; otherwise
            ``last`` must be the open month.

    Raises:
        RefusedError: the month is not the open month, or has not begun.
    """
    if (not is_through and last != months.open_month) or last < months.range.first:
        raise RefusedError(
            f"{last:%Y-%m} is not the open month, which is {months.open_month:%Y-%m}; close "
            "months in their order."
        )
    if not has_begun(last, now):
        raise RefusedError(
            f"{last:%Y-%m} has not begun and cannot be closed; the open month is "
            f"{months.open_month:%Y-%m}."
        )
    return list(MonthRange(months.open_month, last))


def find_missing(
    judged: Sequence[Completeness], now: datetime, *, with_doubts: bool
) -> TextsByMonth:
    """Find what months lack; months that lack nothing are left out.

    Args:
        judged: the months, compared with the months before.
        now: the time of the close, UTC.
        with_doubts: whether any doubt counts. Otherwise a user has decided that the months are
            complete, and only missing days or a month that has not ended count.
    """
    missing = {}
    for month in judged:
        texts = month.doubts if with_doubts else [month.missing_days or ""]
        if not is_over(month.month, now):
            texts = ["it has not ended", *texts]
        missing[f"{month.month:%Y-%m}"] = [text for text in texts if text]
    return {name: texts for name, texts in missing.items() if texts}


def find_doubts(judged: Sequence[Completeness]) -> TextsByMonth:
    """Find the doubts about months; months without doubts are left out."""
    return {f"{month.month:%Y-%m}": month.doubts for month in judged if month.doubts}


def close_months(lake: Lake, months: Sequence[date], now: datetime) -> LakeMonths:
    """Close months one after the other; return the lake's months after the last close."""
    for month in months:
        closed = close(lake, month, now)
    return closed
