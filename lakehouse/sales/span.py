"""The span of the sales: from which to which month there are live sales, and on which days."""

from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.delta import log
from lakehouse.delta.arrow import read_batches
from lakehouse.lake import Lake
from lakehouse.lake_months import extend, stored_months
from lakehouse.month_range import MonthRange
from lakehouse.sales.versions import LIVE
from lakehouse.tables.silver import DAILY_SALES


def sales_months(lake: Lake) -> MonthRange | None:
    """Return the months from the first live sale to the last; None: there is no live sale."""
    if not log.exists(lake, DAILY_SALES):
        return None
    live = read_batches(lake, DAILY_SALES, ["month"], [LIVE])
    found = [pc.unique(batch["month"]) for batch in live if len(batch)]
    if not found:
        return None
    ends = pc.min_max(pa.chunked_array(found))
    return MonthRange(ends["min"].as_py(), ends["max"].as_py())


def extend_months(lake: Lake, now: datetime) -> None:
    """Take the months of the live sales into the lake's range.

    The sales are read only where they have a month before the range, or there is no range yet.
    """
    known = stored_months(lake)
    earliest = min(log.month_rows(lake, DAILY_SALES), default=None)
    if known is not None and (earliest is None or earliest >= known.range.first):
        return
    span = sales_months(lake)
    if span is not None:
        extend(lake, span.first, span.last, now)


def has_live_sale(lake: Lake, day: date) -> bool:
    """Say whether a day has a live sale."""
    if not log.exists(lake, DAILY_SALES):
        return False
    found = read_batches(lake, DAILY_SALES, ["date"], [LIVE, ("date", "=", day)])
    return any(len(batch) for batch in found)
