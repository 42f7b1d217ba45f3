"""Upserts and deletes of rows by key through delta-rs and Arrow; never imports Spark."""

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
    shaped = table.shaped(rows)
    creation.create_table(lake, table)
    for attempt in range(ATTEMPTS):
        target, is_stored, stored_in = stored_now(lake, table, shaped, months)
        reach(f"before {table.path}")
        try:
            if len(shaped) > MERGED_AT_ONCE:
                append(target, table, shaped.filter(pc.invert(is_stored)))
                shaped = shaped.filter(is_stored)
            elif not pc.any(is_stored).as_py():
                append(target, table, shaped)
                shaped = shaped.slice(0, 0)
            if len(shaped):
                merge(Merge(table, shaped, newer, months, stored_in), target)
        except CommitFailedError:
            if attempt + 1 == ATTEMPTS:
                raise
        else:
            break
    reach(f"after {table.path}")


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
    found: list[pa.Array] = []
    stored_in: set[date] = set()
    asked = rows[key].combine_chunks()
    columns = [key, *table.partition_by]
    for where in [[]] if months is None else in_months(months):
        for batch in read_batches(lake, table, columns, where):
            stored = batch.filter(pc.is_in(batch[key], asked))
            found.append(stored[key])
            stored_in |= months_of(stored)
    return pc.is_in(asked, pa.chunked_array(found, asked.type).combine_chunks()), stored_in


def all_months(target: DeltaTable) -> set[date]:
    """Return the months of a table partitioned by month."""
    return {month for month, _, _ in listing.month_actions(target)}


def in_months(months: Sequence[date | None]) -> list[Filters]:
    """Return alternative filters that together select the rows of some months.

    Args:
        months: first days of months; None selects rows without a month.
    """
    known = sorted(month for month in months if month is not None)
    conditions: list[Filters] = [[("month", "in", known)]] if known else []
    return conditions + ([[("month", "is null", True)]] if None in months else [])


def month_conditions(months: Sequence[date | None]) -> list[str]:
    """Return what ``in_months`` returns, as SQL conditions over ``stored``."""
    known = ", ".join(repr(str(month)) for month in sorted(m for m in months if m is not None))
    listed = [f"stored.month IN ({known})"] if known else []
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


def delete_rows(
    lake: Lake, table: Table, keys: pa.Table, transaction: log.Named | None = None
) -> None:
    """Delete rows by key in one commit, ignoring keys that are not stored.

    Args:
        lake: the lake that has the table.
        table: the table to delete from.
        keys: the table's key columns at least; few enough for the driver's memory.
        transaction: name and number that the commit records, for ``log.has_transaction``; None:
            no name.

    Raises:
        CommitFailedError: other writers came first at every attempt.
    """
    match = " AND ".join(f'stored."{name}" = gone."{name}"' for name in table.key)
    fields = [table.schema.field(name) for name in table.key]
    gone = keys.select(list(table.key)).cast(pa.schema(fields))
    for attempt in range(ATTEMPTS):
        target = log.load(lake, table)
        stored_in = months_with(lake, table, gone)
        merger = target.merge(
            gone,
            match,
            source_alias="gone",
            target_alias="stored",
            commit_properties=log.named_transaction(transaction, rows_changed(table, stored_in)),
        )
        reach(f"before {table.path}")
        try:
            merger.when_matched_delete().execute()
        except CommitFailedError:
            if attempt + 1 == ATTEMPTS:
                raise
        else:
            break
    reach(f"after {table.path}")


def months_with(lake: Lake, table: Table, keys: pa.Table) -> set[date]:
    """Return the months with stored rows of some keys, matching the key's first column only."""
    if "month" not in table.partition_by:
        return set()
    key = table.key[0]
    asked = keys[key].combine_chunks()
    batches = read_batches(lake, table, [key, "month"], [])
    return {m for batch in batches for m in months_of(batch.filter(pc.is_in(batch[key], asked)))}
