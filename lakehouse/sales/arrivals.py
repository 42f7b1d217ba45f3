"""Arrivals: the rows of a retailer's files as records in bronze.sales_events."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.delta import log
from lakehouse.delta.parts import Rows, commit_parts, write_parts
from lakehouse.delta.rows import ROWS_PER_FILE, gathered
from lakehouse.json_records import write_records
from lakehouse.lake import Lake
from lakehouse.profile import Files
from lakehouse.source_rows import MALFORMED, read_rows
from lakehouse.sources import Source
from lakehouse.tables.bronze import RECEIVED, SALES_EVENTS
from lakehouse.types import TIMESTAMP, WHOLE

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Reception:
    """When files were received, which is the version of records that state none, and ingested."""

    received_at: datetime
    ingested_at: datetime


def is_received(lake: Lake, source: Source) -> bool:
    """Say whether all records of a file are in bronze."""
    return log.has_transaction(lake, SALES_EVENTS, log.Named(source.digest))


def receive(
    spark: "SparkSession", lake: Lake, source: Source, files: Files, reception: Reception
) -> int:
    """Put a file's rows into bronze as records, in one commit that bears the file's digest.

    Args:
        spark: the session.
        lake: where bronze is.
        source: a checked sales file.
        files: how text files are written.
        reception: when it was received.

    Returns:
        The number of records.
    """
    rows = read_rows(spark, source, files)
    parts = write_parts(lake, rows, partial(records, source=source.digest, reception=reception))
    commit_parts(lake, SALES_EVENTS, parts, log.Named(source.digest))
    return sum(part.rows for part in parts)


def records(batches: Iterator[pa.RecordBatch], source: str, reception: Reception) -> Iterator[Rows]:
    """Turn a file's rows into records, a file's worth at a time; runs in a worker."""
    for rows in gathered(batches, ROWS_PER_FILE):
        yield Rows(SALES_EVENTS, events(rows, source, reception))


def events(rows: pa.Table, source: str, reception: Reception) -> pa.Table:
    """Turn rows of a file into records as received.

    Args:
        rows: ``[offset, _malformed, *fields]``; a malformed line becomes its own value.
        source: the file's digest.
        reception: when it was received.

    Returns:
        The columns of bronze.sales_events.
    """
    values = write_records(rows.drop_columns(["offset", MALFORMED]))
    columns = {
        "source": pa.repeat(source, len(rows)),
        "partition": pa.repeat(pa.scalar(0, WHOLE), len(rows)),
        "offset": rows["offset"],
        "value": pc.coalesce(rows[MALFORMED].combine_chunks(), values).cast(pa.binary()),
        "received_at": pa.repeat(pa.scalar(reception.received_at, TIMESTAMP), len(rows)),
        "ingested_at": pa.repeat(pa.scalar(reception.ingested_at, TIMESTAMP), len(rows)),
    }
    return pa.table(columns).select([column.name for column in RECEIVED])
