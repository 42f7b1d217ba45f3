"""Ingestion of files: rows of a retailer's files appended to bronze.sales_events."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from ingestion.arrivals import Reception, events
from ingestion.files.checked_folder import read_whole
from ingestion.files.rows import PieceReader, piece_places
from ingestion.files.source import Source
from ingestion.files.source_file import unchanged
from lakehouse.batches import rebatch
from lakehouse.delta import log
from lakehouse.delta.parts import TableRows, commit_parts, write_parts
from lakehouse.delta.rows import ROWS_PER_FILE
from lakehouse.lake import Lake
from lakehouse.tables.bronze import SALES_EVENTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def is_appended(lake: Lake, source: Source) -> bool:
    """Return whether bronze.sales_events has all records of a file."""
    return log.has_transaction(lake, SALES_EVENTS, log.Named(source.digest))


def append_file(spark: "SparkSession", lake: Lake, source: Source, reception: Reception) -> int:
    """Append a file's rows to bronze.sales_events in one commit named by the file's digest.

    Args:
        spark: the Spark session.
        lake: the lake that has bronze.sales_events.
        source: a checked sales file.
        reception: when the file was received and ingested.

    Returns:
        The number of records.

    Raises:
        SourceError: the file changed after the check; bronze has none of the file's rows. Ingest
            the file again.
    """
    whole = read_whole(source)
    with unchanged(whole.uri, whole.stamp):
        parts = write_parts(lake, piece_places(spark, whole), SaleRecords(whole, reception))
    commit_parts(lake, SALES_EVENTS, parts, log.Named(source.digest))
    return sum(part.rows for part in parts)


@dataclass(frozen=True)
class SaleRecords:
    """Turns pieces of a file into records, one data file at a time; runs in Spark workers."""

    source: Source
    reception: Reception

    def __call__(self, places: Iterator[pa.RecordBatch]) -> Iterator[TableRows]:
        """Read the pieces at the given places into rows of bronze.sales_events."""
        for rows in rebatch(PieceReader(self.source)(places), ROWS_PER_FILE):
            yield TableRows(SALES_EVENTS, events(rows, self.source.digest, self.reception))
