"""The lake's months: which are closed, which one is open, and how that changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa

from lakehouse.delta import log
from lakehouse.delta.arrow import read_table, upsert_rows
from lakehouse.delta.replacement import replace_all
from lakehouse.errors import LakeError, RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, month_date, month_number, plus_months
from lakehouse.tables.silver import MONTHS

OPEN, CLOSED = "open", "closed"
# The log keeps with each commit the last month that a user closed; sales closed those before it
# that have none later.
CLOSED_BY_USER = "months closed by a user"


@dataclass(frozen=True)
class LakeMonths:
    """The months of a lake, without gaps; the last one is open."""

    range: MonthRange

    @property
    def open_month(self) -> date:
        """The month that receives sales."""
        return self.range.last

    @property
    def cutoff(self) -> date | None:
        """The last closed month; None where none was closed yet."""
        before = plus_months(self.open_month, -1)
        return before if before in self.range else None


def read_months(lake: Lake) -> LakeMonths:
    """Read the months of a lake.

    Raises:
        LakeError: the lake has no months: nothing was ingested.
    """
    months = stored_months(lake)
    if months is None:
        raise LakeError(f"{lake.root}: no months yet; run ingest_history first.")
    return months


def stored_months(lake: Lake) -> LakeMonths | None:
    """Read the months of a lake; None where there are none yet."""
    if not log.exists(lake, MONTHS):
        return None
    months = read_table(lake, MONTHS, ["month"])["month"].to_pylist()
    return LakeMonths(MonthRange(min(months), max(months))) if months else None


def extend(lake: Lake, first: date, last: date, now: datetime) -> LakeMonths:
    """Take the months of newly ingested sales into the range.

    The first time, every month of them, the last one open. Later the range grows backwards only:
    sales after the open month wait until ``close`` opens theirs.

    Args:
        lake: where the months are kept.
        first: month of the first live sale.
        last: month of the last live sale.
        now: when the months before the open one count as closed.

    Returns:
        The months as they are now.
    """
    stored = stored_months(lake)
    if stored is None:
        log.create(lake, MONTHS)
        rows = closed_rows(MonthRange(first, last), now, is_last_open=True)
        save(lake, rows, plus_months(first, -1), log.version(lake, MONTHS))
        return LakeMonths(MonthRange(first, last))
    if first >= stored.range.first:
        return stored
    earlier = MonthRange(first, plus_months(stored.range.first, -1))
    write(lake, closed_rows(earlier, now, is_last_open=False))
    return LakeMonths(MonthRange(first, stored.open_month))


def shrink(lake: Lake, first: date, last: date) -> LakeMonths:
    """Take months out of the range whose sales are gone; those that stay keep their state.

    Months before the first live sale go, and those after the last one that no user closed, so that
    the lake is as if the sales had never come.

    Args:
        lake: where the months are kept.
        first: month of the first live sale.
        last: month of the last live sale.

    Returns:
        The months as they are now.
    """
    version = log.version(lake, MONTHS)
    stored = read_months(lake)
    closed_by_user = last_closed_by_user(lake)
    # A lake of an older form does not say who closed its months: those with sales stay closed.
    closed = last if closed_by_user is None else closed_by_user
    opened = min(stored.open_month, max(last, plus_months(closed, 1)))
    kept = MonthRange(min(max(first, stored.range.first), opened), opened)
    if kept == stored.range:
        return stored
    times = closing_times(lake)
    rows = [row(m, times[m] if m < opened else None) for m in kept]
    save(lake, rows, min(closed, plus_months(opened, -1)), version)
    return LakeMonths(kept)


def clear(lake: Lake) -> None:
    """Take all months away: no live sale is left."""
    if stored_months(lake) is not None:
        save(lake, [], date(1970, 1, 1), log.version(lake, MONTHS))


def close(lake: Lake, month: date, now: datetime) -> LakeMonths:
    """Close the open month and open the next, in one commit.

    Raises:
        RefusedError: the month is not the open one.
        ConflictError: another process wrote the months at the same time.
    """
    version = log.version(lake, MONTHS) if log.exists(lake, MONTHS) else 0
    months = read_months(lake)
    if month != months.open_month:
        raise RefusedError(
            f"{month:%Y-%m} is not the open month of {lake.root}, which is "
            f"{months.open_month:%Y-%m}; months are closed in their order."
        )
    following = plus_months(month, 1)
    times = closing_times(lake) | {month: now}
    save(lake, [*(row(m, times[m]) for m in months.range), row(following, None)], month, version)
    return LakeMonths(MonthRange(months.range.first, following))


def reopen(lake: Lake, month: date) -> LakeMonths:
    """Make the last closed month the open one again, in one commit.

    Raises:
        RefusedError: the month is not the last closed one.
        ConflictError: another process wrote the months at the same time.
    """
    version = log.version(lake, MONTHS) if log.exists(lake, MONTHS) else 0
    months = read_months(lake)
    if month != months.cutoff:
        last = f"which is {months.cutoff:%Y-%m}" if months.cutoff else "there is none"
        raise RefusedError(
            f"{month:%Y-%m} is not the last closed month of {lake.root}, {last}; months are opened "
            "again one by one, the last one first."
        )
    times = closing_times(lake) | {month: None}
    kept = MonthRange(months.range.first, month)
    save(lake, [row(m, times[m]) for m in kept], plus_months(month, -1), version)
    return LakeMonths(kept)


def closing_times(lake: Lake) -> dict[date, datetime | None]:
    """Return when each month was closed; None: it is open."""
    rows = read_table(lake, MONTHS, ["month", "closed_at"]).to_pylist()
    return {row["month"]: row["closed_at"] for row in rows}


def last_closed_by_user(lake: Lake) -> date | None:
    """Return the last month that a user closed; None: the lake does not say."""
    number = log.transaction_number(lake, MONTHS, CLOSED_BY_USER)
    return None if number is None else month_date(number)


def closed_rows(
    months: MonthRange, now: datetime, *, is_last_open: bool
) -> list[dict[str, object]]:
    """Make rows of silver.months."""
    return [row(m, None if is_last_open and m == months.last else now) for m in months]


def row(month: date, closed_at: datetime | None) -> dict[str, object]:
    """Make a row of silver.months: open where it was not closed."""
    status = OPEN if closed_at is None else CLOSED
    return {"month": month, "status": status, "closed_at": closed_at}


def write(lake: Lake, rows: Iterable[dict[str, object]]) -> None:
    """Put rows into silver.months by one commit."""
    upsert_rows(lake, MONTHS, pa.Table.from_pylist(list(rows), schema=MONTHS.schema))


def save(lake: Lake, rows: list[dict[str, object]], closed_by_user: date, version: int) -> None:
    """Make rows all of silver.months by one commit.

    Args:
        lake: where the months are kept.
        rows: of silver.months.
        closed_by_user: the last month that a user closed; what lies after it follows the sales.
        version: of silver.months, which the rows were made from.
    """
    table = pa.Table.from_pylist(rows, schema=MONTHS.schema)
    transaction = log.Named(CLOSED_BY_USER, month_number(closed_by_user))
    replace_all(lake, MONTHS, table, transaction, version)


def closed_months(lake: Lake) -> MonthRange:
    """Return the closed months of a lake.

    Raises:
        RefusedError: none was closed yet.
    """
    months = read_months(lake)
    if months.cutoff is None:
        raise RefusedError(
            f"{lake.root}: no month is closed; run jobs.close_month when one is complete."
        )
    return MonthRange(months.range.first, months.cutoff)
