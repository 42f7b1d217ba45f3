"""Upserts of rows by key through delta-rs and Arrow; never imports Spark."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from lakehouse.delta import creation, listing, log
from lakehouse.delta.arrow import Filters, months_of, read_batches
from lakehouse.delta.states import rows_changed
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.table import Table

# Above this many incoming rows, upsert_rows appends the new keys and merges only the stored ones.
MERGED_AT_ONCE = 200_000


ATTEMPTS = 5


def upsert_rows(
    lake: Lake,
    table: Table,
    rows: pa.Table,
    newer: str | None = None,
    months: Sequence[date | None] | None = None,
) -> None:
    """Upsert rows: insert rows with a new key and replace stored rows that are older.

    If all keys are new, the rows are appended, which takes a tenth of the time of a merge. If
    another process writes the table at the same time, the write is tried again, ``ATTEMPTS`` times
    in all.

    Args:
        lake: the lake that has the table; a missing table is created.
        table: the table to upsert into.
        rows: the columns of ``table``, one row per key; few enough for the driver's memory.
        newer: SQL condition over ``incoming`` and ``stored`` under which the incoming row replaces
            the stored one; None: always.
        months: months that can have stored rows of the keys, a None in the list meaning rows
            without a month; None instead of a list: any month.

    Raises:
        CommitFailedError: other writers came first at every attempt.
    """
    left = table.shaped(rows)
    creation.create_table(lake, table)
    for attempt in range(ATTEMPTS):
        target, is_stored, stored_in = stored_now(lake, table, left, months)
        reach(f"before {table.path}")
        try:
            left = append_new(target, table, left, is_stored)
            if len(left):
                merge(Merge(table, left, newer, months, stored_in), target)
        except CommitFailedError:
            if attempt + 1 == ATTEMPTS:
                raise
        else:
            break
    reach(f"after {table.path}")


def append_new(target: DeltaTable, table: Table, rows: pa.Table, is_stored: pa.Array) -> pa.Table:
    """Append the rows with new keys if all keys are new or many, and return the rows left to merge.

    Args:
        target: the opened table.
        table: the table's declaration.
        rows: the columns of ``table``.
        is_stored: bool ``[rows]``, whether the row's key is stored.
    """
    if len(rows) > MERGED_AT_ONCE:
        append(target, table, rows.filter(pc.invert(is_stored)))
        return rows.filter(is_stored)
    if not pc.any(is_stored).as_py():
        append(target, table, rows)
        return rows.slice(0, 0)
    return rows


def stored_now(
    lake: Lake, table: Table, rows: pa.Table, months: Sequence[date | None] | None
) -> tuple[DeltaTable, pa.Array, set[date]]:
    """Open a table's newest version and return what ``stored_already`` finds in this version."""
    while True:
        target = log.load(lake, table)
        version = target.version()
        is_stored, stored_in = stored_already(lake, table, target, rows, months)
        # The process shares one open table, and reading moves it to the newest version: if another
        # writer committed meanwhile, the result may be of either version, so that we repeat.
        if target.version() == version:
            return target, is_stored, stored_in


def stored_already(
    lake: Lake,
    table: Table,
    target: DeltaTable,
    rows: pa.Table,
    months: Sequence[date | None] | None,
) -> tuple[pa.Array, set[date]]:
    """Find the rows whose key is stored, and the months with stored rows of these keys.

    A key of several columns is not looked up: every row of a table with files counts as stored.
    The months are then empty if the key fixes the month, and all months of the table otherwise.

    Returns:
        bool ``[rows]``, and the months.
    """
    if not target.file_uris():
        return pa.repeat(False, len(rows)), set()
    if len(table.key) > 1:
        is_stable = {"month", "date"} & set(table.key) or "month" not in table.partition_by
        return pa.repeat(True, len(rows)), set() if is_stable else all_months(target)
    key = table.key[0]
    stored_keys: list[pa.Array] = []
    stored_in: set[date] = set()
    asked = rows[key].combine_chunks()
    columns = [key, *table.partition_by]
    for where in [[]] if months is None else in_months(months):
        for batch in read_batches(lake, table, columns, where):
            stored = batch.filter(pc.is_in(batch[key], asked))
            stored_keys.append(stored[key])
            stored_in |= months_of(stored)
    return pc.is_in(asked, pa.chunked_array(stored_keys, asked.type).combine_chunks()), stored_in


def all_months(target: DeltaTable) -> set[date]:
    """Return the months of a table partitioned by month."""
    return {month for month, _, _ in listing.month_actions(target)}


def in_months(months: Sequence[date | None]) -> list[Filters]:
    """Return alternative filters that together select the rows of some months.

    Args:
        months: first days of months; None selects rows without a month.
    """
    dates = sorted(month for month in months if month is not None)
    conditions: list[Filters] = [[("month", "in", dates)]] if dates else []
    return conditions + ([[("month", "is null", True)]] if None in months else [])


def month_conditions(months: Sequence[date | None]) -> list[str]:
    """Return what ``in_months`` returns, as SQL conditions over ``stored``."""
    dates = ", ".join(repr(str(month)) for month in sorted(m for m in months if m is not None))
    listed = [f"stored.month IN ({dates})"] if dates else []
    return listed + (["stored.month IS NULL"] if None in months else [])


def append(target: DeltaTable, table: Table, rows: pa.Table) -> None:
    """Append rows in one commit, which Delta refuses if another such commit came first."""
    properties = written_alone(table, months_of(rows))
    write_deltalake(target, rows, mode="append", commit_properties=properties)


def written_alone(table: Table, months: set[date]) -> CommitProperties:
    """Name a commit that changes rows of months, so that Delta refuses the later of two writers."""
    named = log.Named(f"write {table.path}", time.time_ns())
    return log.named_transaction(named, rows_changed(table, months))


@dataclass(frozen=True)
class Merge:
    """Rows to merge into a table.

    Attributes:
        table: the table to merge into.
        rows: the columns of ``table``, one row per key.
        newer: as for ``upsert_rows``.
        months: as for ``upsert_rows``.
        stored_in: the months with stored rows of the keys.
    """

    table: Table
    rows: pa.Table
    newer: str | None
    months: Sequence[date | None] | None
    stored_in: set[date]


def merge(asked: Merge, target: DeltaTable) -> None:
    """Merge rows into an opened table in one commit."""
    table, months = asked.table, asked.months
    match = " AND ".join(f'stored."{name}" = incoming."{name}"' for name in table.key)
    if months is not None:
        match += f" AND ({' OR '.join(month_conditions(months)) or 'FALSE'})"
    condition = asked.newer.replace("`", '"') if asked.newer else None
    merger = target.merge(
        asked.rows,
        match,
        source_alias="incoming",
        target_alias="stored",
        commit_properties=written_alone(table, months_of(asked.rows) | asked.stored_in),
    )
    merger.when_matched_update_all(condition).when_not_matched_insert_all().execute()
