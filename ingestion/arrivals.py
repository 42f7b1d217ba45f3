"""Received records: raw JSON with the times of reception and ingestion."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.json_records import write_records
from lakehouse.tables.bronze import RECEIVED
from lakehouse.types import TIMESTAMP, WHOLE


@dataclass(frozen=True)
class Reception:
    """The times of a file's reception and ingestion.

    Attributes:
        received_at: when the file was received; the version of records without ``updated_at``.
        ingested_at: when the file was ingested.
    """

    received_at: datetime
    ingested_at: datetime


def events(rows: pa.Table, source: str, reception: Reception) -> pa.Table:
    """Turn rows of a file into rows of bronze.sales_events.

    Args:
        rows: ``[offset, _malformed, *fields]``; the text of a malformed line becomes ``value``.
        source: the file's digest.
        reception: when the file was received and ingested.

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


# Column with the text of a line that has too few or too many columns; null for any other line.
MALFORMED = "_malformed"
