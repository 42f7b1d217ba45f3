"""Ingestion of optional inputs: each list to bronze.catalogue_events and to a silver table."""

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from ingestion.arrivals import Reception, events
from ingestion.files.checked_folder import read_whole
from ingestion.files.rows import PieceReader, piece_places
from ingestion.files.source import Source
from ingestion.files.source_file import unchanged
from ingestion.inputs.records import InputRecords
from ingestion.newest import newest
from lakehouse.batches import rebatch
from lakehouse.delta import log, rows, work
from lakehouse.delta.arrow import Filters, read_batches, read_table
from lakehouse.delta.part_upserts import upsert_parts
from lakehouse.delta.parts import TableRows, commit_parts, write_parts
from lakehouse.delta.rows import ROWS_PER_FILE
from lakehouse.delta.upserts import upsert_rows
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.tables.bronze import CATALOGUE_EVENTS
from lakehouse.tables.inputs import INPUTS
from lakehouse.types import TEXT

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

SIGNS: dict[str, Callable[..., "Column"]] = {"=": operator.eq, "<=": operator.le}
# The record of the later file wins, then the later record of a file.
VERSION = ("updated_at", "offset")
NEWER = f"{rows.INCOMING}.updated_at >= {rows.STORED}.updated_at"


@dataclass(frozen=True)
class InputCounts:
    """Counts of an input's records: all records, and records that were left out as invalid."""

    received: int
    rejected: int


@dataclass(frozen=True)
class InputIntake:
    """The ingestion of one optional input.

    Attributes:
        spark: function that returns the Spark session; called for a file, or for many records.
        name: name of the input.
        profile: the profile that maps the columns of the input's file.
    """

    spark: "Callable[[], SparkSession]"
    name: str
    profile: Profile

    def ingest(self, lake: Lake, source: Source, reception: Reception) -> InputCounts:
        """Append a file to bronze.catalogue_events and merge the rows into the input's table.

        A second run changes nothing.

        Args:
            lake: the lake that has the tables.
            source: the checked file of the input.
            reception: when the file was received and ingested.
        """
        transaction = log.Named(f"{self.name}:{source.digest}")
        if not log.has_transaction(lake, CATALOGUE_EVENTS, transaction):
            whole = read_whole(source)
            read = partial(read_records, entity=self.name, source=whole, reception=reception)
            with unchanged(whole.uri, whole.stamp):
                parts = write_parts(lake, piece_places(self.spark(), whole), read)
            commit_parts(lake, CATALOGUE_EVENTS, parts, transaction)
        return self.merge(lake, lake, [("source", "=", source.digest)])

    def merge(self, lake: Lake, target: Lake, filters: Filters) -> InputCounts:
        """Merge records from bronze.catalogue_events into the input's silver table.

        The newest record of each key stays.

        Args:
            lake: the lake whose bronze.catalogue_events is read.
            target: the lake whose silver table is written.
            filters: filters on bronze.catalogue_events, in addition to the input's entity.
        """
        of_input = [("entity", "=", self.name), *filters]
        count = sum(len(b) for b in read_batches(lake, CATALOGUE_EVENTS, ["offset"], of_input))
        parser = self._parser()
        if count > work.FEW_RECORDS:
            received = rows.read(self.spark(), lake, CATALOGUE_EVENTS)
            for column, sign, value in of_input:
                received = received.where(SIGNS[sign](received[column], value))
            return InputCounts(count, count - merge_many(target, received, parser))
        valid = parser.rows(read_table(lake, CATALOGUE_EVENTS, filters=of_input))
        table, keys = parser.source.table, parser.source.keys
        upsert_rows(target, table, newest(valid, keys, VERSION), NEWER)
        return InputCounts(count, count - len(valid))

    def _parser(self) -> InputRecords:
        mapped = tuple(self.profile.inputs[self.name].columns)
        date_format = self.profile.sales.date_format
        return InputRecords(INPUTS[self.name], mapped, date_format, self.profile.files)


def read_records(
    places: Iterator[pa.RecordBatch], entity: str, source: Source, reception: Reception
) -> Iterator[TableRows]:
    """Turn pieces of a file into rows of bronze.catalogue_events; runs in a Spark worker."""
    for lines in rebatch(PieceReader(source)(places), ROWS_PER_FILE):
        records = events(lines, source.digest, reception)
        entities = pa.repeat(pa.scalar(entity, TEXT), len(records))
        yield TableRows(CATALOGUE_EVENTS, records.append_column("entity", entities))


def merge_many(lake: Lake, received: "DataFrame", parser: InputRecords) -> int:
    """Merge many records into an input's table in Spark workers; return how many are valid."""
    from pyspark.sql import functions as F

    table, keys = parser.source.table, parser.source.keys
    valid = received.mapInArrow(parser, parser.ddl)
    others = [column for column in table.names if column not in keys]
    last = F.max_by(F.struct(*others), F.struct(*VERSION)).alias("last")
    unique = valid.groupBy(*keys).agg(last).select(*keys, "last.*")
    upsert_parts(lake, table, write_parts(lake, unique, partial(rows.as_rows, table)), NEWER)
    return valid.count()
