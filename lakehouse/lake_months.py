"""The lake's months: which are closed, which one is open, and how that changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa

from lakehouse.delta import log
from lakehouse.delta.arrow import read_table, upsert_rows
from lakehouse.errors import LakeError, RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.tables.silver import MONTHS

OPEN, CLOSED = "open", "closed"


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
        write(lake, closed_rows(MonthRange(first, last), now, is_last_open=True))
        return LakeMonths(MonthRange(first, last))
    if first >= stored.range.first:
        return stored
    earlier = MonthRange(first, plus_months(stored.range.first, -1))
    write(lake, closed_rows(earlier, now, is_last_open=False))
    return LakeMonths(MonthRange(first, stored.open_month))


def close(lake: Lake, month: date, now: datetime) -> LakeMonths:
    """Close the open month and open the next, in one commit.

    Raises:
        RefusedError: the month is not the open one.
    """
    months = read_months(lake)
    if month != months.open_month:
        raise RefusedError(
            f"{month:%Y-%m} is not the open month of {lake.root}, which is "
            f"{months.open_month:%Y-%m}; months are closed in their order."
        )
    following = plus_months(month, 1)
    write(lake, [row(month, now), row(following, None)])
    return LakeMonths(MonthRange(months.range.first, following))


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
