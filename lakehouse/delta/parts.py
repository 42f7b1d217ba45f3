"""Parts: files that the workers write below a table, not yet part of it, and their commit."""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction

from lakehouse.delta import log
from lakehouse.delta.arrow import dataset, upsert_rows
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
class Rows:
    """Rows of a table, to be written as a part.

    Attributes:
        table: whose columns they have.
        rows: the rows.
        label: how the names of their files begin.
    """

    table: Table
    rows: pa.Table
    label: str = ""


# Rows of some tables, made from the batches of one Spark partition, or from a piece of work.
Produce = Callable[[Iterator[pa.RecordBatch]], Iterator[Rows]]
COLUMNS = (
    Column("table", TEXT, "path of the table", False),
    Column("path", TEXT, "path of the file below the table", False),
    Column("size", COUNT, "bytes", False),
    Column("month", DATE, "month of the rows; null: none, or the table is not partitioned"),
    Column("rows", COUNT, "rows", False),
    Column("stats", TEXT, "Delta statistics as JSON", False),
)
SCHEMA = pa.schema([column.field for column in COLUMNS])
# Rows that are merged at once: the driver holds them, at about 250 bytes each.
MOST_ROWS = 1_000_000
NO_MONTH = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class Part:
    """A file below a table."""

    table: str
    path: str
    size: int
    month: date | None
    rows: int
    stats: str


def write_parts(lake: Lake, rows: "DataFrame", produce: Produce) -> list[Part]:
    """Write files of one or several tables by the workers, in one pass over rows.

    Args:
        lake: where the tables are.
        rows: the input; each Spark partition is one call of ``produce``.
        produce: yields rows of tables, each yield at least one file.

    Returns:
        What was written. A reader sees none of it before ``commit_parts``; files of a task that
        failed stay unseen and vacuum removes them.
    """
    work = partial(written, lake, produce)
    listed = rows.mapInArrow(work, ", ".join(column.ddl for column in COLUMNS)).collect()
    return [Part(**row.asDict()) for row in listed]


def written(
    lake: Lake, produce: Produce, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Write what is produced of one Spark partition; runs in a worker.

    Yields:
        ``COLUMNS``, a row per file.
    """
    for made in produce(iter(batches)):
        yield pa.RecordBatch.from_pylist(list(write_part(lake, made)), SCHEMA)


def write_part(lake: Lake, made: Rows) -> Iterator[dict[str, Any]]:
    """Write rows below their table, one file per month where it is partitioned by month.

    Yields:
        The fields of ``COLUMNS`` for each file.
    """
    table = made.table
    ranged = [c.name for c in table.columns if not c.nullable and c.type in RANGED]
    shaped = made.rows.select(list(table.names))
    for month, rows in by_month(shaped) if table.partition_by else [(None, shaped)]:
        folder = f"month={month or NO_MONTH}/" if table.partition_by else ""
        path = f"{folder}{made.label}{uuid.uuid4()}.parquet"
        size = write(lake.uri(table), path, rows.drop_columns(list(table.partition_by)))
        stats = json.dumps(statistics(rows, ranged), default=str)
        yield {
            "table": table.path,
            "path": path,
            "size": size,
            "month": month,
            "rows": len(rows),
            "stats": stats,
        }


def by_month(rows: pa.Table) -> Iterator[tuple[date | None, pa.Table]]:
    """Split rows by month, those without a month among them."""
    months = pc.unique(rows["month"]).to_pylist()
    for month in months:
        is_of_month = pc.is_null(rows["month"]) if month is None else pc.equal(rows["month"], month)
        yield month, rows if len(months) == 1 else rows.filter(is_of_month)


def of_table(parts: Iterable[Part], table: Table) -> list[Part]:
    """Keep the parts of one table."""
    return [part for part in parts if part.table == table.path]


def commit_parts(
    lake: Lake, table: Table, parts: Sequence[Part], transaction: log.Named | None = None
) -> None:
    """Make parts rows of a table, all at once, beside what it holds.

    Args:
        lake: where the table is; created where it is missing.
        table: what the parts belong to.
        parts: files that ``write_parts`` wrote below it.
        transaction: that the log remembers, for ``log.has_transaction``.
    """
    target = log.create(lake, table)
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


def actions(table: Table, parts: Iterable[Part]) -> list[AddAction]:
    """Write parts as the log lists files."""
    now = time.time_ns() // 1_000_000
    return [AddAction(p.path, p.size, partition(table, p), now, True, p.stats) for p in parts]


def partition(table: Table, part: Part) -> dict[str, str | None]:
    """Return a part's partition values, as the log writes them."""
    return {name: str(part.month) if part.month else None for name in table.partition_by}


def read_parts(
    spark: "SparkSession", lake: Lake, table: Table, parts: Sequence[Part]
) -> "DataFrame":
    """Read parts as rows of their table, before or after their commit."""
    root = lake.uri(table)
    reader = spark.read.schema(table.ddl).option("basePath", root)
    return reader.parquet(*(f"{root}/{part.path}" for part in parts))


def load_parts(lake: Lake, table: Table, parts: Iterable[Part]) -> pa.Table:
    """Read parts into memory as rows of their table."""
    files = filesystem(lake.uri(table))
    loaded = []
    for part in parts:
        rows = pq.read_table(part.path, filesystem=files, partitioning=None)
        if table.partition_by:
            month = pa.repeat(pa.scalar(part.month, DATE), len(rows))
            rows = rows.append_column("month", month)
        loaded.append(rows.select(list(table.names)).cast(table.schema))
    return pa.concat_tables(loaded)


def discard_parts(lake: Lake, table: Table, parts: Iterable[Part]) -> None:
    """Delete parts that were never committed."""
    files = filesystem(lake.uri(table))
    for part in parts:
        files.delete_file(part.path)


def anywhere(_: pa.Table) -> None:
    """Know nothing of the months where stored rows of the same keys can be."""


def land(
    lake: Lake,
    table: Table,
    parts: Sequence[Part],
    newer: str = "TRUE",
    months: Callable[[pa.Table], Sequence[date | None] | None] = anywhere,
) -> None:
    """Upsert parts into a table.

    An empty table takes the files as they are, in one commit. Into another the rows are merged, as
    many at once as this process can hold; a run that is cut off is completed by the next.

    Args:
        lake: where the table is; created where it is missing.
        table: what the parts belong to.
        parts: files that ``write_parts`` wrote below it, together one row per key.
        newer: SQL over ``incoming`` and ``stored``: the incoming row wins.
        months: says for rows of the parts what ``upsert_rows`` asks.
    """
    target = log.create(lake, table)
    if not parts:
        return
    if not target.file_uris():
        # Where another process was the first to fill it, the parts are merged.
        with suppress(CommitFailedError):
            commit_parts(lake, table, parts)
            return
    for some in portions(parts):
        rows = load_parts(lake, table, some)
        upsert_rows(lake, table, rows, newer, months(rows))
    discard_parts(lake, table, parts)


def portions(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Put parts together, neighbours in time, until they have as many rows as are held at once."""
    held: list[Part] = []
    for part in sorted(parts, key=lambda part: (part.month is None, part.month)):
        if held and sum(one.rows for one in held) + part.rows > MOST_ROWS:
            yield held
            held = []
        held.append(part)
    if held:
        yield held


def read_files(
    spark: "SparkSession", lake: Lake, table: Table, column: str, values: Sequence[str]
) -> "DataFrame":
    """Read rows of a table that is not partitioned, as plain Parquet.

    Spark's reader of Delta takes seconds to start, and to read whole files needs nothing of it.

    Args:
        spark: the session.
        lake: where the table is.
        table: what to read.
        column: which rows, by their value in this column.
        values: the values wanted.
    """
    from pyspark.sql import functions as F

    wanted = dataset(lake, table, [(column, "in", list(values))])
    paths = [f"{lake.uri(table)}/{path}" for path in wanted.files]
    return spark.read.schema(table.ddl).parquet(*paths).where(F.col(column).isin(*values))
