"""Reads and appends of a table's rows through delta-rs and Arrow; never imports Spark."""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import TypeAlias
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable, write_deltalake

from lakehouse.delta import creation, log
from lakehouse.delta.states import rows_changed
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.storage import filesystem
from lakehouse.table import Table
from lakehouse.types import RANGED, TEXT

# Conditions joined by AND: ("month", ">=", date(2015, 1, 1)), ("shop_id", "in", ["1", "2"]).
Filters: TypeAlias = Sequence[tuple[str, str, object]]
OPERATORS: dict[str, Callable[..., pc.Expression]] = {
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
    """Read rows of a table's newest version into memory.

    Args:
        lake: the lake that has the table.
        table: the table to read.
        columns: names of the columns to read; None or empty: all columns.
        filters: conditions that a row must meet; empty: all rows.

    Raises:
        LakeError: the table was never created; run the step that writes it.
    """
    rows: pa.Table = dataset(lake, table, filters).to_table(
        columns=list(columns or table.names), filter=condition(table, filters)
    )
    return rows


def condition(table: Table, filters: Filters, *, is_cast: bool = True) -> pc.Expression:
    """Join filters into one Arrow expression.

    Args:
        table: the table whose columns the filters name.
        filters: conditions that must all hold.
        is_cast: cast text columns, so that Arrow does not compare the filter's texts with a
            Parquet file's statistics: in files that delta-rs merged, the statistics have a text
            type that Arrow cannot compare.
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
    """Append rows to a table in one commit.

    Args:
        lake: the lake that has the table; a missing table is created.
        table: the table to append to.
        rows: the columns of ``table``.
        transaction: name and number that the commit records, for ``log.has_transaction``; None:
            no name.
    """
    target = creation.create_table(lake, table)
    shaped = table.shaped(rows)
    is_by_month = "month" in table.partition_by
    changed = rows_changed(table, months_of(shaped)) if is_by_month else []
    properties = log.named_transaction(transaction, changed)
    reach(f"before {table.path}")
    write_deltalake(target, shaped, mode="append", commit_properties=properties)
    reach(f"after {table.path}")


def months_of(rows: pa.Table | pa.RecordBatch) -> set[date]:
    """Return the distinct months of rows; empty for rows without a month column."""
    if "month" not in rows.schema.names:
        return set()
    return {month for month in pc.unique(rows["month"]).to_pylist() if month is not None}


def read_batches(
    lake: Lake, table: Table, columns: Sequence[str], filters: Filters
) -> Iterator[pa.RecordBatch]:
    """Read rows of a table's newest version in batches.

    Args:
        lake: the lake that has the table.
        table: the table to read.
        columns: names of the columns to read.
        filters: conditions that a row must meet; empty: all rows.

    Raises:
        LakeError: the table was never created; run the step that writes it.
    """
    where = condition(table, filters)
    yield from dataset(lake, table, filters).to_batches(columns=list(columns), filter=where)


def dataset(lake: Lake, table: Table, filters: Filters = ()) -> ds.FileSystemDataset:
    """Open the files of a table that may hold rows meeting some filters, judging by the Delta log.

    delta-rs offers such a dataset too, but treats a statistic missing from the log as null, and
    then skips the file under any condition on that column.

    Raises:
        LakeError: the table was never created; run the step that writes it.
    """
    return dataset_of(lake, table, log.load(lake, table), filters)


def dataset_of(
    lake: Lake, table: Table, opened: DeltaTable, filters: Filters = ()
) -> ds.FileSystemDataset:
    """Open the files that ``dataset`` opens, of an opened version of the table."""
    actions = pa.table(opened.get_add_actions(flatten=True)).to_pylist()
    files, file_format = filesystem(lake.uri(table)), ds.ParquetFileFormat()
    fragments = [
        file_format.make_fragment(
            unquote(action["path"]),
            filesystem=files,
            partition_expression=bounds_of_file(table, action),
        )
        for action in actions
    ]
    whole = ds.FileSystemDataset(fragments, table.schema, file_format, files)
    wanted = list(whole.get_fragments(condition(table, filters, is_cast=False)))
    return ds.FileSystemDataset(wanted, table.schema, file_format, files)


def bounds_of_file(table: Table, action: Mapping[str, object]) -> pc.Expression:
    """Return a condition that all rows of a file meet: partition values and column ranges.

    Args:
        table: the table that has the file.
        action: the file's entry in the log, as delta-rs' ``get_add_actions`` lists it.
    """
    bounds = pc.scalar(True)
    for column in table.columns:
        field = pc.field(column.name)
        if column.name in table.partition_by:
            value = action[f"partition.{column.name}"]
            here = pa.scalar(value, column.type)
            bounds = bounds & (field.is_null() if value is None else field == here)
        elif not column.nullable and column.type in RANGED:
            low, high = action.get(f"min.{column.name}"), action.get(f"max.{column.name}")
            if low is not None and high is not None:
                bounds = bounds & (field >= low) & (field <= high)
    return bounds
