"""Spark DataFrames of a table's rows: read from Delta, and appended through delta-rs."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from lakehouse.batches import rebatch
from lakehouse.delta import log
from lakehouse.delta.arrow import dataset
from lakehouse.delta.parts import TableRows, commit_parts, write_parts
from lakehouse.lake import Lake
from lakehouse.table import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

INCOMING = "incoming"
STORED = "stored"
ROWS_PER_FILE = 1_000_000


def read(
    spark: "SparkSession", lake: Lake, table: Table, version: int | None = None
) -> "DataFrame":
    """Read a table as a Spark DataFrame; ``version`` None: the newest version.

    Raises:
        LakeError: the table was never created; run the step that writes it.
    """
    log.load(lake, table)
    reader = spark.read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", version)
    return reader.load(lake.uri(table))


def append(lake: Lake, table: Table, rows: "DataFrame") -> None:
    """Append a DataFrame's rows to a table in one commit, creating a missing table.

    Workers write the files and the driver commits them through delta-rs, because Spark's own
    commits to S3 may overwrite commits of another process (ADR 10).
    """
    written = write_parts(lake, rows.select(*table.names), partial(as_rows, table))
    commit_parts(lake, table, written)


def as_rows(table: Table, batches: Iterator[pa.RecordBatch]) -> Iterator[TableRows]:
    """Rebatch a partition into ``TableRows`` of about ``ROWS_PER_FILE``; runs in a worker."""
    for rows in rebatch(batches, ROWS_PER_FILE):
        yield TableRows(table, rows)


def read_files(
    spark: "SparkSession", lake: Lake, table: Table, column: str, values: Sequence[str]
) -> "DataFrame":
    """Read the rows of an unpartitioned table that have some values in a column.

    Spark reads the files as plain Parquet, because its Delta reader takes seconds to start.

    Args:
        spark: the Spark session.
        lake: the lake that has the table.
        table: the table to read; not partitioned.
        column: name of the column to select rows by.
        values: the values to select.
    """
    from pyspark.sql import functions as F

    wanted = dataset(lake, table, [(column, "in", list(values))])
    paths = [f"{lake.uri(table)}/{path}" for path in wanted.files]
    return spark.read.schema(table.ddl).parquet(*paths).where(F.col(column).isin(*values))
