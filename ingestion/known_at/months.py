"""Months of a replayed lake (silver.months): the months that were closed at the time."""

from datetime import UTC, date, datetime, time, timedelta

from ingestion import lake_months
from ingestion.known_at.known_at_filter import KnownAtFilter
from ingestion.sales.span import sales_months
from lakehouse.delta.arrow import read_table
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.tables.silver import MONTHS


def write_months(lake: Lake, known: Lake, received: KnownAtFilter) -> None:
    """Write silver.months of a replayed lake in one commit: closed and open month at the time.

    Args:
        lake: the lake whose closing times are read from silver.months.
        known: the replayed lake, which already has the sales received by the time.
        received: the time, and whether reception is only assumed.

    Raises:
        RefusedError: no sale had been received by the time; name a later time.
    """
    sold = sales_months(known)
    if sold is None:
        raise RefusedError(
            f"--known-at {received.at.isoformat()}: no sale had been received by then; name a "
            "later time."
        )
    stored = read_table(lake, MONTHS, ["month", "closed_at"]).to_pylist()
    closings = {row["month"]: row["closed_at"] for row in stored}
    closed = (
        assume_closings(sold, received)
        if received.is_assumed
        else read_closings(closings, received)
    )
    rows = [lake_months.month_row(month, closing) for month, closing in sorted(closed.items())]
    following = plus_months(max(closed), 1) if closed else first_open(closings, sold)
    lake_months.upsert_months(known, [*rows, lake_months.month_row(following, None)])


def read_closings(
    closings: dict[date, datetime | None], received: KnownAtFilter
) -> dict[date, datetime]:
    """Return the closing times, up to the time of the replay, by month."""
    return {
        month: closing
        for month, closing in closings.items()
        if closing is not None and closing <= received.at
    }


def assume_closings(sold: MonthRange, received: KnownAtFilter) -> dict[date, datetime]:
    """Return the assumed closing times: when the last day of each month counts as received."""
    delay = timedelta(received.sales.reception_days or 0)
    ends = {month: plus_months(month, 1) - timedelta(1) for month in sold}
    return {
        month: datetime.combine(end + delay, time(), UTC)
        for month, end in ends.items()
        if end <= received.last_day
    }


def first_open(closings: dict[date, datetime | None], sold: MonthRange) -> date:
    """Return the open month of a time when no month was closed yet."""
    return min((month for month in closings if month >= sold.first), default=sold.first)
