"""Rows of a table through Spark: read, append, upsert."""

from typing import TYPE_CHECKING

from lakehouse.delta import log
from lakehouse.lake import Lake
from lakehouse.table import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

INCOMING = "incoming"
STORED = "stored"


def read(
    spark: "SparkSession", lake: Lake, table: Table, version: int | None = None
) -> "DataFrame":
    """Read a table, its newest version where none is named."""
    log.load(lake, table)
    reader = spark.read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", version)
    return reader.load(lake.uri(table))


def append(lake: Lake, table: Table, rows: "DataFrame") -> None:
    """Add rows with the columns of a table, creating the table where it is missing."""
    log.create(lake, table)
    shaped = rows.select(*table.names)
    shaped.write.format("delta").mode("append").save(lake.uri(table))


def upsert(
    spark: "SparkSession", lake: Lake, table: Table, rows: "DataFrame", newer: str = "TRUE"
) -> None:
    """Insert the rows whose key is new and replace those that are older.

    Args:
        spark: the session.
        lake: where the table is.
        table: what is written; created where it is missing.
        rows: the columns of ``table``, one row per key.
        newer: SQL over ``incoming`` and ``stored``: the incoming row wins.
    """
    target = log.create(lake, table)
    if not target.file_uris():
        append(lake, table, rows)
        return
    from delta.tables import DeltaTable

    match = " AND ".join(f"{STORED}.`{name}` <=> {INCOMING}.`{name}`" for name in table.key)
    merge = DeltaTable.forPath(spark, lake.uri(table)).alias(STORED)
    merge.merge(rows.select(*table.names).alias(INCOMING), match).whenMatchedUpdateAll(
        newer
    ).whenNotMatchedInsertAll().execute()
