"""The span of live sales: the first and the last month that have any, and the gaps between."""

from datetime import date, datetime

from ingestion.lake_months import clear, extend, shrink
from ingestion.sales.versions import LIVE
from lakehouse.delta import listing, log
from lakehouse.delta.arrow import read_batches
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.tables.silver import DAILY_SALES


def sales_months(lake: Lake) -> MonthRange | None:
    """Return the months from the first live sale to the last; None when no sale is live."""
    if not log.exists(lake, DAILY_SALES):
        return None
    stored = sorted(listing.month_rows(lake, DAILY_SALES))
    first = next((month for month in stored if has_live_sales(lake, month)), None)
    last = next((month for month in reversed(stored) if has_live_sales(lake, month)), None)
    return None if first is None or last is None else MonthRange(first, last)


def extend_months(lake: Lake, now: datetime) -> None:
    """Grow or shrink silver.months to the span of the live sales.

    Reads from both ends of silver.daily_sales, up to the first month with a live sale.
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
    """Return whether a month of silver.daily_sales has a live sale; stops at the first."""
    if not log.exists(lake, DAILY_SALES):
        return False
    batches = read_batches(lake, DAILY_SALES, ["month"], [LIVE, ("month", "=", month)])
    return any(len(batch) for batch in batches)


def find_gaps(lake: Lake) -> list[MonthRange]:
    """List the ranges of months without a live sale between the first live sale and the last."""
    span = sales_months(lake)
    stored = listing.month_rows(lake, DAILY_SALES) if span is not None else {}
    gaps: list[MonthRange] = []
    for month in span or ():
        if month in stored and has_live_sales(lake, month):
            continue
        if gaps and plus_months(gaps[-1].last, 1) == month:
            gaps[-1] = MonthRange(gaps[-1].first, month)
        else:
            gaps.append(MonthRange(month, month))
    return gaps
