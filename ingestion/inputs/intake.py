"""Ingestion of optional inputs: each list to bronze.catalogue_events and to a silver table."""

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
from lakehouse.delta.arrow import Filters, read_batches, read_table
from lakehouse.delta.part_upserts import upsert_parts
from lakehouse.delta.parts import Rows, commit_parts, write_parts
from lakehouse.delta.rows import ROWS_PER_FILE, gathered
from lakehouse.delta.upserts import upsert_rows
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.tables.bronze import CATALOGUE_EVENTS
from lakehouse.tables.inputs import INPUTS
from lakehouse.types import TEXT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Up to this many records are read without Spark, whose planning would take longer.
FEW_ROWS = 200_000
SIGNS = {"=": operator.eq, "<=": operator.le}
# The record of the later file wins, then the later record of a file.
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
    """Append an input's file to bronze.catalogue_events and merge the rows into the silver table.

    A second run changes nothing.

    Args:
        spark: function that returns the Spark session.
        lake: the lake that has the tables.
        name: name of the input.
        source: the checked file of the input.
        profile: the profile that maps the file's columns.
        reception: when the file was received and ingested.

    Returns:
        The number of records, and the number of records left out.
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
    """Turn pieces of a file into rows of bronze.catalogue_events; runs in a Spark worker."""
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
    """Merge an input's records from bronze.catalogue_events into the input's silver table.

    The newest record of each key stays.

    Args:
        spark: function that returns the Spark session; called only for many records.
        lake: the lake whose bronze.catalogue_events is read.
        target: the lake whose silver table is written.
        name: name of the input.
        received: filters on bronze.catalogue_events, in addition to the input's entity.
        profile: the profile that maps the file's columns.

    Returns:
        The number of records, and the number of records left out.
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
    """Merge many records into an input's table in Spark workers; return how many were valid."""
    from pyspark.sql import functions as F

    source = read.source
    found = received.mapInArrow(read, read.ddl)
    others = [column for column in source.table.names if column not in source.keys]
    last = F.max_by(F.struct(*others), F.struct(*VERSION)).alias("last")
    unique = found.groupBy(*source.keys).agg(last).select(*source.keys, "last.*")
    upsert_parts(
        lake, source.table, write_parts(lake, unique, partial(rows.as_rows, source.table)), NEWER
    )
    return found.count()
