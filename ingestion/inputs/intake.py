"""The intake of inputs: a retailer's lists to bronze and to a silver table each."""

import operator
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from ingestion.arrivals import Reception, events
from ingestion.files.rows import PieceReader, piece_places
from ingestion.files.source_file import unchanged
from ingestion.files.sources import Source, read_whole
from ingestion.inputs.records import InputRecords
from ingestion.newest import newest
from lakehouse.delta import log, rows
from lakehouse.delta.arrow import Filters, read_batches, read_table, upsert_rows
from lakehouse.delta.parts import Rows, commit_parts, land, write_parts
from lakehouse.delta.rows import ROWS_PER_FILE, gathered
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.tables.bronze import CATALOGUE_EVENTS
from lakehouse.tables.inputs import INPUTS
from lakehouse.types import TEXT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Records that this process reads itself: Spark would take longer to plan it.
FEW_ROWS = 200_000
SIGNS = {"=": operator.eq, "<=": operator.le}
# A later record of a later file wins.
VERSION = ("updated_at", "offset")
NEWER = f"{rows.INCOMING}.updated_at >= {rows.STORED}.updated_at"


def take_in(
    spark: "Callable[[], SparkSession]",
    lake: Lake,
    name: str,
    source: Source,
    profile: Profile,
    reception: Reception,
) -> tuple[int, int]:
    """Put an input's file into bronze and silver; done again, it changes nothing.

    Args:
        spark: starts the session, or returns it.
        lake: where the tables are.
        name: of the input.
        source: its checked file.
        profile: the meaning of its columns.
        reception: when it was received.

    Returns:
        How many records there are, and how many of them were left out.
    """
    transaction = log.Named(f"{name}:{source.digest}")
    if not log.has_transaction(lake, CATALOGUE_EVENTS, transaction):
        whole = read_whole(source)
        made = partial(records, entity=name, source=whole, reception=reception)
        with unchanged(whole.uri, whole.stamp):
            parts = write_parts(lake, piece_places(spark(), whole), made)
        commit_parts(lake, CATALOGUE_EVENTS, parts, transaction)
    return put_through(spark, lake, lake, name, [("source", "=", source.digest)], profile)


def records(
    places: Iterator[pa.RecordBatch], entity: str, source: Source, reception: Reception
) -> Iterator[Rows]:
    """Turn pieces of a file into records of an entity; runs in a worker."""
    for found in gathered(PieceReader(source)(places), ROWS_PER_FILE):
        made = events(found, source.digest, reception)
        named = made.append_column("entity", pa.repeat(pa.scalar(entity, TEXT), len(made)))
        yield Rows(CATALOGUE_EVENTS, named)


def put_through(
    spark: "Callable[[], SparkSession]",
    lake: Lake,
    target: Lake,
    name: str,
    received: Filters,
    profile: Profile,
) -> tuple[int, int]:
    """Put records of an input through to its table, the newest of a key staying.

    Args:
        spark: starts the session, or returns it; called only where there are many records.
        lake: whose bronze is read.
        target: where the table is.
        name: of the input.
        received: which rows of bronze.catalogue_events, beside those of the input.
        profile: the meaning of its columns.

    Returns:
        How many records there are, and how many of them were left out.
    """
    mine = [("entity", "=", name), *received]
    source, mapped = INPUTS[name], tuple(profile.inputs[name].columns)
    read = InputRecords(source, mapped, profile.sales.date_format, profile.files)
    count = sum(len(b) for b in read_batches(lake, CATALOGUE_EVENTS, ["offset"], mine))
    if count > FEW_ROWS:
        events_read = rows.read(spark(), lake, CATALOGUE_EVENTS)
        for column, sign, value in mine:
            events_read = events_read.where(SIGNS[sign](events_read[column], value))
        return count, count - put_many(target, events_read, read)
    found = read.rows(read_table(lake, CATALOGUE_EVENTS, filters=mine))
    upsert_rows(target, source.table, newest(found, source.keys, VERSION), NEWER)
    return count, count - len(found)


def put_many(lake: Lake, received: "DataFrame", read: InputRecords) -> int:
    """Put many records through by the workers; returns how many were fine."""
    from pyspark.sql import functions as F

    source = read.source
    found = received.mapInArrow(read, read.ddl)
    others = [column for column in source.table.names if column not in source.keys]
    last = F.max_by(F.struct(*others), F.struct(*VERSION)).alias("last")
    unique = found.groupBy(*source.keys).agg(last).select(*source.keys, "last.*")
    land(lake, source.table, write_parts(lake, unique, partial(rows.as_rows, source.table)), NEWER)
    return found.count()
