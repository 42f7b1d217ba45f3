"""Arrivals: the rows of a retailer's files as records in bronze.sales_events."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.delta import log
from lakehouse.delta.parts import Rows, commit_parts, write_parts
from lakehouse.delta.rows import ROWS_PER_FILE, gathered
from lakehouse.json_records import write_records
from lakehouse.lake import Lake
from lakehouse.source_file import unchanged
from lakehouse.source_rows import PieceReader, piece_places
from lakehouse.sources import Source, read_whole
from lakehouse.tables.bronze import RECEIVED, SALES_EVENTS
from lakehouse.text_rows import MALFORMED
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


def receive(spark: "SparkSession", lake: Lake, source: Source, reception: Reception) -> int:
    """Put a file's rows into bronze as records, in one commit that bears the file's digest.

    Args:
        spark: the session.
        lake: where bronze is.
        source: a checked sales file.
        reception: when it was received.

    Returns:
        The number of records.

    Raises:
        SourceError: the file was written to since it was checked; nothing of it is in bronze.
    """
    whole = read_whole(source)
    with unchanged(whole.uri, whole.stamp):
        parts = write_parts(lake, piece_places(spark, whole), SaleRecords(whole, reception))
    commit_parts(lake, SALES_EVENTS, parts, log.Named(source.digest))
    return sum(part.rows for part in parts)


@dataclass(frozen=True)
class SaleRecords:
    """Turns pieces of a file into records, a file's worth at a time; sent to the workers."""

    source: Source
    reception: Reception

    def __call__(self, places: Iterator[pa.RecordBatch]) -> Iterator[Rows]:
        """Read pieces by their places, as ``PieceReader`` does."""
        for rows in gathered(PieceReader(self.source)(places), ROWS_PER_FILE):
            yield Rows(SALES_EVENTS, events(rows, self.source.digest, self.reception))


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
