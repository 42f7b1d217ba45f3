"""Ingestion of the catalogue: lists of shops, items and categories to bronze and silver."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from ingestion.arrivals import Reception, events
from ingestion.catalogue.records import Record, item_rows, latest_records, shop_rows
from ingestion.files.checked_folder import read_whole
from ingestion.files.rows import distinct_rows, source_rows
from ingestion.files.source import Sources
from ingestion.files.source_file import unchanged
from ingestion.files.sources import entities
from lakehouse.delta import creation, log
from lakehouse.delta.arrow import append_rows, read_batches, read_table
from lakehouse.delta.upserts import upsert_rows
from lakehouse.lake import Lake
from lakehouse.profile.date_format import date_reader
from lakehouse.profile.profile import LISTED, Profile
from lakehouse.table import Table
from lakehouse.tables.bronze import CATALOGUE_EVENTS
from lakehouse.tables.silver import ITEMS, SHOPS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Catalogue:
    """The catalogue read from the lists.

    Attributes:
        shops: rows of silver.shops.
        items: rows of silver.items.
        received: number of records in the lists.
        rejected: number of records left out, for want of a plausible id.
        undated: number of items whose ``listed_on`` is stated but cannot be read, so is null.
    """

    shops: list[Record]
    items: list[Record]
    received: int
    rejected: int
    undated: int = 0


@dataclass(frozen=True)
class CatalogueChange:
    """The result of merging lists into the catalogue.

    Attributes:
        catalogue: the catalogue read from the lists.
        shops: number of shops that are new or have changed values.
        items: number of items that are new or have changed values.
    """

    catalogue: Catalogue
    shops: int
    items: int


def catalogue_digest(sources: Sources, profile: Profile) -> str:
    """Digest the inputs of silver.shops and silver.items: files and declarations of the profile."""
    files = {entity: source.digest for entity, source in sources.entities.items()}
    meaning = {name: part.model_dump(mode="json") for name, part in entities(profile).items()}
    return log.digest([files, meaning, profile.sales.date_format])


def parse_catalogue(records: Mapping[str, pa.Table], profile: Profile) -> Catalogue:
    """Parse the records of the lists into a catalogue.

    Args:
        records: rows of bronze.catalogue_events by entity: shops, items, perhaps categories.
        profile: the profile that describes the records.
    """
    read = {
        entity: latest_records(records[entity], declared, LISTED[entity][0])
        for entity, declared in entities(profile).items()
    }
    categories = read["categories"][0] if "categories" in read else {}
    return Catalogue(
        shop_rows(read["shops"][0], profile),
        item_rows(read["items"][0], categories, profile),
        sum(len(of_entity) for of_entity in records.values()),
        sum(left_out for _, left_out in read.values()),
        undated(read["items"][0].values(), profile),
    )


def undated(items: Iterable[Record], profile: Profile) -> int:
    """Count the items whose ``listed_on`` is stated but cannot be read as a date."""
    read_date = date_reader(profile.sales.date_format)
    stated = (record.get("listed_on") for record in items)
    return sum(text is not None and read_date(text) is None for text in stated)


def ingest_catalogue(
    spark: "Callable[[], SparkSession]",
    lake: Lake,
    sources: Sources,
    profile: Profile,
    reception: Reception,
) -> CatalogueChange:
    """Append list files to bronze.catalogue_events and merge them into shops and items.

    A file whose digest bronze has is not appended again. Memory holds the lists.

    Args:
        spark: function that returns the Spark session; called only if a list is a sales file.
        lake: the lake that has the tables.
        sources: the checked files of the lists.
        profile: the profile that describes the lists.
        reception: when the files were received and ingested.
    """
    for entity, source in sources.entities.items():
        transaction = log.Named(f"{entity}:{source.digest}")
        if not log.has_transaction(lake, CATALOGUE_EVENTS, transaction):
            records = read_list(spark, sources, entity, reception)
            append_rows(lake, CATALOGUE_EVENTS, records, transaction)
    stored = {
        entity: read_list_events(lake, entity, source.digest)
        for entity, source in sources.entities.items()
    }
    return merge_catalogue(lake, stored, profile)


def merge_catalogue(
    lake: Lake, records: Mapping[str, pa.Table], profile: Profile
) -> CatalogueChange:
    """Merge list records into silver.shops and silver.items; arguments as ``parse_catalogue``."""
    catalogue = parse_catalogue(records, profile)
    shops = upsert_changed(lake, SHOPS, catalogue.shops)
    items = upsert_changed(lake, ITEMS, catalogue.items)
    return CatalogueChange(catalogue, shops, items)


def read_catalogue(
    spark: "Callable[[], SparkSession]", sources: Sources, profile: Profile, reception: Reception
) -> Catalogue:
    """Read and parse list files without writing a table; arguments as ``ingest_catalogue``."""
    records = {entity: read_list(spark, sources, entity, reception) for entity in sources.entities}
    return parse_catalogue(records, profile)


def read_list(
    spark: "Callable[[], SparkSession]", sources: Sources, entity: str, reception: Reception
) -> pa.Table:
    """Read a list file as rows of bronze.catalogue_events.

    In a sales file, which repeats the entity on every line, the distinct rows are the list.
    """
    source = read_whole(sources.entities[entity])
    if sources.is_sales(source):
        with unchanged(source.uri, source.stamp):
            rows = number_rows(distinct_rows(spark(), source).toArrow())
    else:
        rows = pa.concat_tables(source_rows(source, is_multiline=True))
    records = events(rows, source.digest, reception)
    return records.append_column("entity", pa.repeat(entity, len(records)))


def number_rows(rows: pa.Table) -> pa.Table:
    """Sort rows by all columns and number them in a column ``offset``, from 0."""
    ordered = rows.sort_by([(name, "ascending") for name in rows.column_names])
    return ordered.append_column("offset", pa.array(range(len(ordered)), pa.int64()))


def read_list_events(lake: Lake, entity: str, digest: str) -> pa.Table:
    """Read a list's rows of bronze.catalogue_events, by entity and digest of the file."""
    filters = [("source", "=", digest), ("entity", "=", entity)]
    return read_table(lake, CATALOGUE_EVENTS, filters=filters)


def upsert_changed(lake: Lake, table: Table, rows: Sequence[Record]) -> int:
    """Upsert rows into a table, except where the stored row of the same key is newer.

    A later row with equal values is written too, for ``updated_at``: a version received late, with
    a time between the two, would otherwise win over both.

    Args:
        lake: the lake that has the table; a missing table is created.
        table: a table with ``updated_at`` and a key of one column.
        rows: rows of the table, unique on the key.

    Returns:
        The number of rows that are new or have changed values.
    """
    creation.create_table(lake, table)
    key = table.key[0]
    newer = {row[key]: row for row in rows}
    changed = len(newer)
    among = [(key, "in", list(newer))]
    for batch in read_batches(lake, table, table.names, among) if newer else ():
        for old in batch.to_pylist():
            row = newer[old[key]]
            is_equal = comparable(row) == comparable(old)
            changed -= is_equal or not is_newer(row, old)
            if not is_newer(row, old):
                del newer[old[key]]
    if newer:
        upsert_rows(lake, table, pa.Table.from_pylist(list(newer.values()), schema=table.schema))
    return changed


def is_newer(row: Record, stored: Record) -> bool:
    """Return whether to store a row: later than the stored row, or as late with other values."""
    if row["updated_at"] > stored["updated_at"]:
        return True
    return row["updated_at"] == stored["updated_at"] and comparable(row) != comparable(stored)


def comparable(row: Record) -> str:
    """Write a row without ``updated_at`` as text, so that rows with equal values compare equal."""
    kept = {name: value for name, value in row.items() if name != "updated_at"}
    return json.dumps({**kept, "attributes": sorted(row["attributes"])}, default=str)
