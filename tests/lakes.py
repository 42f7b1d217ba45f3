"""A lake's tables as plain rows, for comparison; and records put through to silver."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ingestion.sales import intake
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.table import Table
from lakehouse.tables.bronze import SALES_EVENTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def rows(lake: Lake, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    """Rows of a table in the order of their text; columns as named, or all."""
    names = columns or table.names
    found = read_table(lake, table, names).to_pylist()
    return sorted((tuple(row[name] for name in names) for row in found), key=str)


def versions(lake: Lake, *tables: Table) -> list[int]:
    """The newest version of each table."""
    return [log.version(lake, table) for table in tables]


def ingest_events(spark: "SparkSession", lake: Lake, events: pa.Table, meaning: Profile) -> None:
    """Append records to bronze and merge them into silver by Spark."""
    append_rows(lake, SALES_EVENTS, events)
    intake.merge_sales(lake, spark.createDataFrame(events), meaning)
