"""Parts: data files that Spark workers write below a table, and the commit that adds them."""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.transaction import AddAction

from lakehouse.delta import creation, log
from lakehouse.delta.files import statistics, write
from lakehouse.delta.states import rows_changed
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.storage import filesystem
from lakehouse.table import Column, Table
from lakehouse.types import COUNT, DATE, RANGED, TEXT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True)
class TableRows:
    """Rows to write into new files of a table.

    Attributes:
        table: the table to write to.
        rows: the columns of ``table``.
        label: prefix of the new files' names.
    """

    table: Table
    rows: pa.Table
    label: str = ""


# Batches of one Spark partition → rows of one or several tables.
Produce = Callable[[Iterator[pa.RecordBatch]], Iterator[TableRows]]
COLUMNS = (
    Column("table", TEXT, "path of the table", False),
    Column("path", TEXT, "path of the file below the table", False),
    Column("size", COUNT, "bytes", False),
    Column("month", DATE, "month of the rows; null: none, or the table is not partitioned"),
    Column("rows", COUNT, "rows", False),
    Column("stats", TEXT, "Delta statistics as JSON", False),
)
SCHEMA = pa.schema([column.field for column in COLUMNS])
NO_MONTH = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class DataFile:
    """A data file below a table, committed or not; ``COLUMNS`` describes the fields."""

    table: str
    path: str
    size: int
    month: date | None
    rows: int
    stats: str


def write_parts(lake: Lake, rows: "DataFrame", produce: Produce) -> list[DataFile]:
    """Write files of one or several tables in Spark's Python workers, in one pass over rows.

    Args:
        lake: the lake that has the tables.
        rows: the input; ``produce`` is called once per Spark partition.
        produce: batches of a partition → rows of tables; each item becomes at least one file.

    Returns:
        The written files. Readers do not see them before ``commit_parts``; files of failed Spark
        tasks are never committed, and vacuum deletes them.
    """
    work = partial(write_batches, lake, produce)
    listed = rows.mapInArrow(work, ", ".join(column.ddl for column in COLUMNS)).collect()
    return [DataFile(**row.asDict()) for row in listed]


def write_batches(
    lake: Lake, produce: Produce, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Write the rows that ``produce`` makes from one Spark partition; runs in a worker.

    Yields:
        Batches of ``COLUMNS``, one row per written file.
    """
    for rows in produce(iter(batches)):
        yield pa.RecordBatch.from_pylist([vars(file) for file in write_files(lake, rows)], SCHEMA)


def write_files(lake: Lake, new: TableRows) -> list[DataFile]:
    """Write rows as files below their table: one file, or one per month if partitioned by month."""
    table, shaped = new.table, new.rows.select(list(new.table.names))
    if not table.partition_by:
        return [write_file(lake, new, shaped, None)]
    return [write_file(lake, new, rows, month) for month, rows in by_month(shaped)]


def write_file(lake: Lake, new: TableRows, rows: pa.Table, month: date | None) -> DataFile:
    """Write some of the rows as one file.

    Args:
        lake: the lake that has the table.
        new: table and label of the rows.
        rows: the columns of the table, in order; of one month if the table is partitioned.
        month: month of the rows; None: none, or the table is not partitioned.
    """
    table = new.table
    ranged = [c.name for c in table.columns if not c.nullable and c.type in RANGED]
    folder = f"month={month or NO_MONTH}/" if table.partition_by else ""
    path = f"{folder}{new.label}{uuid.uuid4()}.parquet"
    size = write(lake.uri(table), path, rows.drop_columns(list(table.partition_by)))
    stats = json.dumps(statistics(rows, ranged), default=str)
    return DataFile(table.path, path, size, month, len(rows), stats)


def by_month(rows: pa.Table) -> Iterator[tuple[date | None, pa.Table]]:
    """Split rows by month; rows without a month come as month None."""
    months = pc.unique(rows["month"]).to_pylist()
    for month in months:
        is_of_month = pc.is_null(rows["month"]) if month is None else pc.equal(rows["month"], month)
        yield month, rows if len(months) == 1 else rows.filter(is_of_month)


def of_table(parts: Iterable[DataFile], table: Table) -> list[DataFile]:
    """Keep the parts of one table."""
    return [part for part in parts if part.table == table.path]


def commit_parts(
    lake: Lake, table: Table, parts: Sequence[DataFile], transaction: log.Named | None = None
) -> None:
    """Append parts to a table in one commit.

    Args:
        lake: the lake that has the table; a missing table is created.
        table: the table to append to.
        parts: files that ``write_parts`` wrote below the table.
        transaction: name and number that the commit records, for ``log.has_transaction``; None:
            no name.
    """
    target = creation.create_table(lake, table)
    is_by_month = "month" in table.partition_by
    changed = rows_changed(table, (part.month for part in parts)) if is_by_month else []
    reach(f"before {table.path}")
    target.create_write_transaction(
        actions(table, parts),
        mode="append",
        schema=target.schema(),
        partition_by=list(table.partition_by),
        commit_properties=log.named_transaction(transaction, changed),
    )
    reach(f"after {table.path}")


def actions(table: Table, parts: Iterable[DataFile]) -> list[AddAction]:
    """Return the Delta log's add actions for parts."""
    now = time.time_ns() // 1_000_000
    return [AddAction(p.path, p.size, partition(table, p), now, True, p.stats) for p in parts]


def partition(table: Table, part: DataFile) -> dict[str, str | None]:
    """Return a part's partition values in the text form of the Delta log."""
    return {name: str(part.month) if part.month else None for name in table.partition_by}


def read_parts(
    spark: "SparkSession", lake: Lake, table: Table, parts: Sequence[DataFile]
) -> "DataFrame":
    """Read parts as a Spark DataFrame of their table's rows, committed or not."""
    root = lake.uri(table)
    reader = spark.read.schema(table.ddl).option("basePath", root)
    return reader.parquet(*(f"{root}/{part.path}" for part in parts))


def load_parts(lake: Lake, table: Table, parts: Iterable[DataFile]) -> pa.Table:
    """Read parts into memory as Arrow rows of their table."""
    files = filesystem(lake.uri(table))
    loaded = []
    for part in parts:
        rows = pq.read_table(part.path, filesystem=files, partitioning=None)
        if table.partition_by:
            month = pa.repeat(pa.scalar(part.month, DATE), len(rows))
            rows = rows.append_column("month", month)
        loaded.append(rows.select(list(table.names)).cast(table.schema))
    return pa.concat_tables(loaded)


def discard_parts(lake: Lake, table: Table, parts: Iterable[DataFile]) -> None:
    """Delete the files of parts that were never committed."""
    files = filesystem(lake.uri(table))
    for part in parts:
        files.delete_file(part.path)
