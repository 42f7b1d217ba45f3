"""Reads of a table as it was at an instant, from the commits and files that are still kept."""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from lakehouse.delta import log
from lakehouse.delta.arrow import dataset_of
from lakehouse.errors import LakeError
from lakehouse.lake import Lake
from lakehouse.storage import storage_options
from lakehouse.table import Table


class PastError(LakeError):
    """A table's state at an instant is not kept; ask for a later instant."""


def read_table_at(lake: Lake, table: Table, instant: datetime, columns: Sequence[str]) -> pa.Table:
    """Read the rows that a small table had at an instant.

    Args:
        lake: the lake that has the table.
        table: the table to read; not partitioned.
        instant: the newest commit up to then is read.
        columns: names of the columns to read.

    Raises:
        LakeError: the table was never created; run the step that writes it.
        PastError: the commit of then, or a file of it, is not kept.
    """
    known_by = instant.timestamp()
    versions = [number for number, at in log.commits(lake, table) if at <= known_by]
    fault = f"{lake.uri(table)}: its state at {instant:%Y-%m-%dT%H:%M:%SZ} is not kept"
    if not versions:
        raise PastError(f"{fault}: the log begins later.")
    try:
        opened = DeltaTable(
            lake.uri(table),
            version=max(versions),
            storage_options=storage_options(lake.uri(table)),
        )
        rows: pa.Table = dataset_of(lake, table, opened).to_table(columns=list(columns))
    except (OSError, DeltaError) as error:
        raise PastError(f"{fault} ({type(error).__name__}).") from error
    return rows
