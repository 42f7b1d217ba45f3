"""The lake's months (silver.months): the closed months, the open month, and their changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa

from lakehouse.delta import creation, log
from lakehouse.delta.arrow import read_table
from lakehouse.delta.replacement import replace_all
from lakehouse.delta.upserts import upsert_rows
from lakehouse.errors import LakeError, RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, month_date, month_number, plus_months
from lakehouse.tables.silver import MONTHS

OPEN, CLOSED = "open", "closed"
# Transaction in the log of silver.months, whose number is the last month that a user closed. Later
# sales closed the months after that month, so these months change with the sales.
CLOSED_BY_USER = "months closed by a user"


@dataclass(frozen=True)
class LakeMonths:
    """The months of a lake, without gaps; the last month is open, the months before are closed."""

    range: MonthRange

    @property
    def open_month(self) -> date:
        """The open month, which still receives sales."""
        return self.range.last

    @property
    def cutoff(self) -> date | None:
        """The last closed month; None where no month is closed yet."""
        before = plus_months(self.open_month, -1)
        return before if before in self.range else None

    def is_closed(self, month: date) -> bool:
        """Return whether a month belongs to the lake and is closed."""
        return month in self.range and month != self.open_month


def read_months(lake: Lake) -> LakeMonths:
    """Read the months of a lake from silver.months.

    Raises:
        LakeError: the lake has no months because no sales were ingested; run ingest_history.
    """
    months = stored_months(lake)
    if months is None:
        raise LakeError(f"{lake.root}: no months yet; run ingest_history first.")
    return months


def stored_months(lake: Lake) -> LakeMonths | None:
    """Read the months of a lake from silver.months; None where the table is missing or empty."""
    if not log.exists(lake, MONTHS):
        return None
    months = read_table(lake, MONTHS, ["month"])["month"].to_pylist()
    return LakeMonths(MonthRange(min(months), max(months))) if months else None


def extend(lake: Lake, first: date, last: date, now: datetime) -> LakeMonths:
    """Add the months of newly ingested sales to silver.months.

    The first call adds every month from first to last and leaves the last one open. Later calls
    only add earlier months: sales after the open month wait until ``close`` opens their month.

    Args:
        lake: the lake that has silver.months.
        first: month of the first live sale.
        last: month of the last live sale.
        now: the closing time to store for added closed months.

    Returns:
        The lake's months afterwards.
    """
    stored = stored_months(lake)
    if stored is None:
        creation.create_table(lake, MONTHS)
        rows = closed_rows(MonthRange(first, last), now, is_last_open=True)
        replace_months(lake, rows, plus_months(first, -1), log.version(lake, MONTHS))
        return LakeMonths(MonthRange(first, last))
    if first >= stored.range.first:
        return stored
    earlier = MonthRange(first, plus_months(stored.range.first, -1))
    upsert_months(lake, closed_rows(earlier, now, is_last_open=False))
    return LakeMonths(MonthRange(first, stored.open_month))


def shrink(lake: Lake, first: date, last: date) -> LakeMonths:
    """Remove months from silver.months that no longer have sales at either end of the range.

    Months before the first live sale are removed, and months after the last live sale unless a
    user closed them: the lake is then as if the removed sales had never been ingested. Months that
    stay closed keep their closing time.

    Args:
        lake: the lake that has silver.months.
        first: month of the first live sale.
        last: month of the last live sale.

    Returns:
        The lake's months afterwards.
    """
    version = log.version(lake, MONTHS)
    stored = read_months(lake)
    closed_by_user = last_closed_by_user(lake)
    # Older lakes do not record who closed a month: closed months with sales stay closed.
    closed = last if closed_by_user is None else closed_by_user
    opened = min(stored.open_month, max(last, plus_months(closed, 1)))
    kept = MonthRange(min(max(first, stored.range.first), opened), opened)
    if kept == stored.range:
        return stored
    times = closing_times(lake)
    rows = [month_row(m, times[m] if m < opened else None) for m in kept]
    replace_months(lake, rows, min(closed, plus_months(opened, -1)), version)
    return LakeMonths(kept)


def clear(lake: Lake) -> None:
    """Remove all rows of silver.months, when no live sale is left."""
    if stored_months(lake) is not None:
        replace_months(lake, [], date(1970, 1, 1), log.version(lake, MONTHS))


def close(lake: Lake, month: date, now: datetime) -> LakeMonths:
    """Close the open month in silver.months and open the next month, in one commit.

    Raises:
        RefusedError: the month is not the open month; close months in order.
        ConflictError: another process wrote silver.months at the same time; run again.
    """
    version = log.version(lake, MONTHS) if log.exists(lake, MONTHS) else 0
    months = read_months(lake)
    if month != months.open_month:
        raise RefusedError(
            f"{month:%Y-%m} is not the open month of {lake.root}, which is "
            f"{months.open_month:%Y-%m}; close months in their order."
        )
    following = plus_months(month, 1)
    times = closing_times(lake) | {month: now}
    replace_months(
        lake,
        [*(month_row(m, times[m]) for m in months.range), month_row(following, None)],
        month,
        version,
    )
    return LakeMonths(MonthRange(months.range.first, following))


def reopen(lake: Lake, month: date) -> LakeMonths:
    """Reopen the last closed month in silver.months, in one commit; the open month is removed.

    Raises:
        RefusedError: the month is not the last closed month; reopen the last month first.
        ConflictError: another process wrote silver.months at the same time; run again.
    """
    version = log.version(lake, MONTHS) if log.exists(lake, MONTHS) else 0
    months = read_months(lake)
    if month != months.cutoff:
        last = f"which is {months.cutoff:%Y-%m}" if months.cutoff else "there is none"
        raise RefusedError(
            f"{month:%Y-%m} is not the last closed month of {lake.root}, {last}; reopen months one "
            "by one, the last one first."
        )
    times = closing_times(lake) | {month: None}
    kept = MonthRange(months.range.first, month)
    replace_months(lake, [month_row(m, times[m]) for m in kept], plus_months(month, -1), version)
    return LakeMonths(kept)


def closing_times(lake: Lake) -> dict[date, datetime | None]:
    """Read each month's closing time from silver.months; None for the open month."""
    rows = read_table(lake, MONTHS, ["month", "closed_at"]).to_pylist()
    return {row["month"]: row["closed_at"] for row in rows}


def last_closed_by_user(lake: Lake) -> date | None:
    """Return the last month that a user closed; None where the lake does not record one."""
    number = log.transaction_number(lake, MONTHS, CLOSED_BY_USER)
    return None if number is None else month_date(number)


def closed_rows(
    months: MonthRange, now: datetime, *, is_last_open: bool
) -> list[dict[str, object]]:
    """Build rows of silver.months, all closed at ``now`` except perhaps the last."""
    return [month_row(m, None if is_last_open and m == months.last else now) for m in months]


def month_row(month: date, closed_at: datetime | None) -> dict[str, object]:
    """Build a row of silver.months; a month without closing time is open."""
    status = OPEN if closed_at is None else CLOSED
    return {"month": month, "status": status, "closed_at": closed_at}


def upsert_months(lake: Lake, rows: Iterable[dict[str, object]]) -> None:
    """Upsert rows of silver.months in one commit."""
    upsert_rows(lake, MONTHS, pa.Table.from_pylist(list(rows), schema=MONTHS.schema))


def replace_months(
    lake: Lake, rows: list[dict[str, object]], closed_by_user: date, version: int
) -> None:
    """Replace all rows of silver.months in one commit.

    Args:
        lake: the lake that has silver.months.
        rows: the new rows of silver.months.
        closed_by_user: the last month that a user closed; later months change with the sales.
        version: the table version that the rows were computed from.
    """
    table = pa.Table.from_pylist(rows, schema=MONTHS.schema)
    transaction = log.Named(CLOSED_BY_USER, month_number(closed_by_user))
    replace_all(lake, MONTHS, table, transaction, version)


def closed_months(lake: Lake) -> MonthRange:
    """Read the closed months of a lake from silver.months.

    Raises:
        RefusedError: no month is closed yet; run close_month when a month is complete.
    """
    months = read_months(lake)
    if months.cutoff is None:
        raise RefusedError(
            f"{lake.root}: no month is closed; run jobs.close_month when one is complete."
        )
    return MonthRange(months.range.first, months.cutoff)
