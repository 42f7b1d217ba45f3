"""Small tables and parts of tables through delta-rs, as Arrow; never imports Spark."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from deltalake import write_deltalake

from lakehouse.delta import log
from lakehouse.lake import Lake
from lakehouse.storage import filesystem
from lakehouse.table import Table
from lakehouse.types import RANGED

# A condition, or conditions that all hold: [("month", ">=", date(2015, 1, 1))].
Filters: TypeAlias = pc.Expression | Sequence[tuple[str, str, Any]]


def read_table(
    lake: Lake,
    table: Table,
    columns: Sequence[str] | None = None,
    filters: Filters | None = None,
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
    found = dataset(lake, table).to_table(
        columns=list(columns or table.names), filter=condition(filters)
    )
    return found


def condition(filters: Filters | None) -> pc.Expression | None:
    """Write conditions as one."""
    if filters is None or isinstance(filters, pc.Expression):
        return filters
    return pq.filters_to_expression(list(filters)) if filters else None


def append_rows(lake: Lake, table: Table, rows: pa.Table, transaction: str | None = None) -> None:
    """Add rows in one commit.

    Args:
        lake: where the table is; created where it is missing.
        table: what they belong to.
        rows: the columns of ``table``.
        transaction: name that the log remembers, for ``log.has_transaction``.
    """
    target = log.create(lake, table)
    shaped = rows.select(list(table.names)).cast(table.schema)
    properties = log.named_transaction(transaction)
    write_deltalake(target, shaped, mode="append", commit_properties=properties)


def upsert_rows(lake: Lake, table: Table, rows: pa.Table) -> None:
    """Insert rows whose key is new and replace the others, in one commit.

    Args:
        lake: where the table is; created where it is missing.
        table: not partitioned or small.
        rows: the columns of ``table``, one row per key.
    """
    target = log.create(lake, table)
    match = " AND ".join(f"stored.{name} = incoming.{name}" for name in table.key)
    shaped = rows.select(list(table.names)).cast(table.schema)
    merge = target.merge(shaped, match, source_alias="incoming", target_alias="stored")
    merge.when_matched_update_all().when_not_matched_insert_all().execute()


def read_batches(
    lake: Lake, table: Table, columns: Sequence[str], where: pc.Expression
) -> Iterator[pa.RecordBatch]:
    """Read rows of a table piece by piece.

    Args:
        lake: where the table is.
        table: what to read.
        columns: names.
        where: which rows.

    Raises:
        LakeError: the table was never created.
    """
    yield from dataset(lake, table).to_batches(columns=list(columns), filter=where)


def dataset(lake: Lake, table: Table) -> ds.FileSystemDataset:
    """Open a table's files for reading, each with what the log knows of its values.

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
    return ds.FileSystemDataset(fragments, table.schema, file_format, files)


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
