"""Small tables and parts of tables through delta-rs, as Arrow; never imports Spark."""

import operator
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from lakehouse.delta import log
from lakehouse.delta.states import rows_changed
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.storage import filesystem
from lakehouse.table import Table
from lakehouse.types import RANGED, TEXT

# Conditions that all hold: ("month", ">=", date(2015, 1, 1)), ("shop_id", "in", ["1", "2"]).
Filters: TypeAlias = Sequence[tuple[str, str, Any]]
# Rows that are merged at once; of more, those that are new are appended apart.
FEW_ROWS = 200_000
ATTEMPTS = 5
OPERATORS: dict[str, Callable[[pc.Expression, Any], pc.Expression]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda field, values: field.isin(values),
    "is null": lambda field, answer: field.is_null() if answer else field.is_valid(),
}


def read_table(
    lake: Lake, table: Table, columns: Sequence[str] | None = None, filters: Filters = ()
) -> pa.Table:
    """Read rows of a table into memory, its newest version.

    Args:
        lake: where the table is.
        table: what to read.
        columns: names; all of the table's where none are named.
        filters: which rows; all where nothing is said.

    Raises:
        LakeError: the table was never created.
    """
    found: pa.Table = dataset(lake, table, filters).to_table(
        columns=list(columns or table.names), filter=condition(table, filters)
    )
    return found


def condition(table: Table, filters: Filters, *, is_cast: bool = True) -> pc.Expression:
    """Write conditions as one.

    Args:
        table: whose columns they are of.
        filters: the conditions.
        is_cast: keep Arrow from comparing texts with a Parquet file's own statistics: those of
            files that delta-rs merged are of a type of text that it cannot compare.
    """
    together = pc.scalar(True)
    for name, sign, value in filters:
        is_text = table.schema.field(name).type == TEXT
        field = pc.field(name).cast(TEXT) if is_text and is_cast else pc.field(name)
        together = together & OPERATORS[sign](field, value)
    return together


def append_rows(
    lake: Lake, table: Table, rows: pa.Table, transaction: log.Named | None = None
) -> None:
    """Add rows in one commit.

    Args:
        lake: where the table is; created where it is missing.
        table: what they belong to.
        rows: the columns of ``table``.
        transaction: that the log remembers, for ``log.has_transaction``.
    """
    target = log.create(lake, table)
    shaped = table.shaped(rows)
    is_by_month = "month" in table.partition_by
    changed = rows_changed(table, months_of(shaped)) if is_by_month else []
    properties = log.named_transaction(transaction, changed)
    reach(f"before {table.path}")
    write_deltalake(target, shaped, mode="append", commit_properties=properties)
    reach(f"after {table.path}")


def upsert_rows(
    lake: Lake,
    table: Table,
    rows: pa.Table,
    newer: str | None = None,
    months: Sequence[date | None] | None = None,
) -> None:
    """Insert rows whose key is new and replace those that are older.

    Rows that are all new are appended: that takes a tenth of the time of a merge. Another process
    that writes the table at the same time makes this one try again.

    Args:
        lake: where the table is; created where it is missing.
        table: what they belong to.
        rows: the columns of ``table``, one row per key; few enough for the driver.
        newer: SQL over ``incoming`` and ``stored``: the incoming row wins; always where none.
        months: where stored rows of the keys can be, None among them: without a month; None in
            place of the list: anywhere.
    """
    shaped = table.shaped(rows)
    log.create(lake, table)
    for attempt in range(ATTEMPTS):
        target, is_stored, stored_in = stored_now(lake, table, shaped, months)
        reach(f"before {table.path}")
        try:
            if len(shaped) > FEW_ROWS:
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
    """Open a table's newest version, and return what ``stored_already`` finds in this very one."""
    while True:
        target = log.load(lake, table)
        version = target.version()
        is_stored, stored_in = stored_already(lake, table, target, rows, months)
        # Reading opens the newest version, and an open table is one for the whole process.
        if target.version() == version:
            return target, is_stored, stored_in


def stored_already(
    lake: Lake,
    table: Table,
    target: DeltaTable,
    rows: pa.Table,
    months: Sequence[date | None] | None,
) -> tuple[pa.Array, set[date]]:
    """Find the rows whose key is stored, and the months where such rows are.

    Of a key of several columns all may be; where such a key says the month, it is the rows' own.
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


def months_of(rows: pa.Table | pa.RecordBatch) -> set[date]:
    """Return the months of rows, of a table without months none."""
    if "month" not in rows.schema.names:
        return set()
    return {month for month in pc.unique(rows["month"]).to_pylist() if month is not None}


def all_months(target: DeltaTable) -> set[date]:
    """Return the months of a table partitioned by month."""
    return {month for month, _, _ in log.month_actions(target)}


def in_months(months: Sequence[date | None]) -> list[Filters]:
    """Write conditions of which one holds for rows of some months; None: of rows without one."""
    known = sorted(month for month in months if month is not None)
    conditions: list[Filters] = [[("month", "in", known)]] if known else []
    return conditions + ([[("month", "is null", True)]] if None in months else [])


def month_conditions(months: Sequence[date | None]) -> list[str]:
    """Write ``in_months`` in SQL, of stored rows."""
    known = ", ".join(repr(str(month)) for month in sorted(m for m in months if m is not None))
    listed = [f"stored.month IN ({known})"] if known else []
    return listed + (["stored.month IS NULL"] if None in months else [])


def append(target: DeltaTable, table: Table, rows: pa.Table) -> None:
    """Add rows by one commit, refused when another such commit came between."""
    properties = written_alone(table, months_of(rows))
    write_deltalake(target, rows, mode="append", commit_properties=properties)


def written_alone(table: Table, months: set[date]) -> CommitProperties:
    """Name a commit that changes rows of months, so that Delta refuses the later of two."""
    named = log.Named(f"write {table.path}", time.time_ns())
    return log.named_transaction(named, rows_changed(table, months))


@dataclass(frozen=True)
class Merge:
    """Rows to be merged into a table.

    Attributes:
        table: whose rows they are.
        rows: one per key.
        newer: as for ``upsert_rows``.
        months: as for ``upsert_rows``.
        stored_in: the months that hold rows of the keys.
    """

    table: Table
    rows: pa.Table
    newer: str | None
    months: Sequence[date | None] | None
    stored_in: set[date]


def merge(asked: Merge, target: DeltaTable) -> None:
    """Insert and update rows by one commit."""
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
    """Remove rows by key, in one commit; keys that are not stored are left out.

    Args:
        lake: where the table is.
        table: what they belong to.
        keys: the table's key columns at least; few enough for the driver.
        transaction: that the log remembers, for ``log.has_transaction``.
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
    """Return the months that hold rows of keys, by the first column of the key."""
    if "month" not in table.partition_by:
        return set()
    key = table.key[0]
    asked = keys[key].combine_chunks()
    batches = read_batches(lake, table, [key, "month"], [])
    return {m for batch in batches for m in months_of(batch.filter(pc.is_in(batch[key], asked)))}


def read_batches(
    lake: Lake, table: Table, columns: Sequence[str], filters: Filters
) -> Iterator[pa.RecordBatch]:
    """Read rows of a table piece by piece.

    Args:
        lake: where the table is.
        table: what to read.
        columns: names.
        filters: which rows.

    Raises:
        LakeError: the table was never created.
    """
    where = condition(table, filters)
    yield from dataset(lake, table, filters).to_batches(columns=list(columns), filter=where)


def dataset(lake: Lake, table: Table, filters: Filters = ()) -> ds.FileSystemDataset:
    """Open those files of a table that may hold rows asked for, as the log knows them.

    delta-rs makes such a dataset too, but takes a value that the log does not know for null, and
    then skips the file under any condition on that column.

    Raises:
        LakeError: the table was never created.
    """
    actions = pa.table(log.load(lake, table).get_add_actions(flatten=True)).to_pylist()
    files, file_format = filesystem(lake.uri(table)), ds.ParquetFileFormat()
    fragments = [
        file_format.make_fragment(
            unquote(action["path"]), filesystem=files, partition_expression=known(table, action)
        )
        for action in actions
    ]
    whole = ds.FileSystemDataset(fragments, table.schema, file_format, files)
    wanted = list(whole.get_fragments(condition(table, filters, is_cast=False)))
    return ds.FileSystemDataset(wanted, table.schema, file_format, files)


def known(table: Table, action: Mapping[str, Any]) -> pc.Expression:
    """Return what the log knows of a file's values: its partition, and the range of ids."""
    knowledge = pc.scalar(True)
    for column in table.columns:
        field = pc.field(column.name)
        if column.name in table.partition_by:
            value = action[f"partition.{column.name}"]
            here = pa.scalar(value, column.type)
            knowledge = knowledge & (field.is_null() if value is None else field == here)
        elif not column.nullable and column.type in RANGED:
            low, high = action.get(f"min.{column.name}"), action.get(f"max.{column.name}")
            if low is not None and high is not None:
                knowledge = knowledge & (field >= low) & (field <= high)
    return knowledge
