"""The span of the sales: from which to which month there are live sales, and where none."""

from datetime import date, datetime

from ingestion.lake_months import clear, extend, shrink
from ingestion.sales.versions import LIVE
from lakehouse.delta import log
from lakehouse.delta.arrow import read_batches
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.tables.silver import DAILY_SALES


def sales_months(lake: Lake) -> MonthRange | None:
    """Return the months from the first live sale to the last; None: there is no live sale."""
    if not log.exists(lake, DAILY_SALES):
        return None
    stored = sorted(log.month_rows(lake, DAILY_SALES))
    first = next((month for month in stored if has_live_sales(lake, month)), None)
    last = next((month for month in reversed(stored) if has_live_sales(lake, month)), None)
    return None if first is None or last is None else MonthRange(first, last)


def extend_months(lake: Lake, now: datetime) -> None:
    """Make the lake's months those of its live sales: the range grows and shrinks as they do.

    Of the sales, those of the first and the last months are looked at.
    """
    if not log.exists(lake, DAILY_SALES):
        return
    sold = sales_months(lake)
    if sold is None:
        clear(lake)
        return
    extend(lake, sold.first, sold.last, now)
    shrink(lake, sold.first, sold.last)


def has_live_sales(lake: Lake, month: date) -> bool:
    """Look for a live sale of a month; the first one ends the search."""
    if not log.exists(lake, DAILY_SALES):
        return False
    found = read_batches(lake, DAILY_SALES, ["month"], [LIVE, ("month", "=", month)])
    return any(len(batch) for batch in found)


def find_gaps(lake: Lake) -> list[MonthRange]:
    """Find the stretches of months without a live sale between the first sale and the last."""
    span = sales_months(lake)
    stored = log.month_rows(lake, DAILY_SALES) if span is not None else {}
    gaps: list[MonthRange] = []
    for month in span or ():
        if month in stored and has_live_sales(lake, month):
            continue
        if gaps and plus_months(gaps[-1].last, 1) == month:
            gaps[-1] = MonthRange(gaps[-1].first, month)
        else:
            gaps.append(MonthRange(month, month))
    return gaps
