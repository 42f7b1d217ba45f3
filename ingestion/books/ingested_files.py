"""Ingested files (bronze.sources, bronze.source_files): files whose rows all are in the tables."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import pyarrow as pa

from ingestion.arrivals import Reception
from ingestion.books.books import ENDS, Book
from ingestion.files.source_file import Known
from ingestion.files.sources import Source
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.delta.upserts import upsert_rows
from lakehouse.lake import Lake
from lakehouse.tables.bronze import SOURCE_FILES, SOURCES

SALES, CATALOGUE = "sales", "catalogue"


def recorded_sales(lake: Lake) -> set[str]:
    """Return the digests of the sales files in bronze.sources, that is, whose books balanced."""
    return set(recorded(lake, SALES)["source"].to_pylist())


def known_files(lake: Lake) -> dict[str, Known]:
    """Read stamp and digest of the ingested files from bronze.source_files, by URI."""
    if not log.exists(lake, SOURCE_FILES):
        return {}
    rows = read_table(lake, SOURCE_FILES, ["uri", "stamp", "source"]).to_pylist()
    return {row["uri"]: Known(row["stamp"], row["source"]) for row in rows}


def record_files(lake: Lake, files: Iterable[Source], reception: Reception) -> None:
    """Upsert files' stamps and digests in bronze.source_files, after the tables have their rows."""
    known = known_files(lake)
    new = {
        source.uri: {
            "uri": source.uri,
            "stamp": source.stamp,
            "source": source.digest,
            "ingested_at": reception.ingested_at,
        }
        for source in files
        if known.get(source.uri) != Known(source.stamp, source.digest)
    }
    if new:
        rows = pa.Table.from_pylist(list(new.values()), schema=SOURCE_FILES.schema)
        upsert_rows(lake, SOURCE_FILES, rows)


def read_before(lake: Lake, files: Iterable[Source]) -> dict[str, datetime]:
    """Find new sales files whose name an ingested file with other contents has.

    Args:
        lake: the lake that has bronze.sources.
        files: files that bronze.sources does not have.

    Returns:
        File name → when a file of that name was last ingested.
    """
    names = {source.name for source in files}
    before = recorded(lake, SALES).sort_by("ingested_at").select(["name", "ingested_at"])
    return {row["name"]: row["ingested_at"] for row in before.to_pylist() if row["name"] in names}


def latest_catalogue(lake: Lake) -> str | None:
    """Return the digest of the catalogue ingested last; None if none was ingested."""
    return latest(lake, CATALOGUE)


def latest(lake: Lake, kind: str) -> str | None:
    """Return the digest of the source of a kind ingested last; None if none was ingested."""
    found = recorded(lake, kind).sort_by("ingested_at")["source"].to_pylist()
    return found[-1] if found else None


def recorded(lake: Lake, kind: str) -> pa.Table:
    """Read the rows of bronze.sources that have a kind."""
    if not log.exists(lake, SOURCES):
        return SOURCES.schema.empty_table()
    return read_table(lake, SOURCES, filters=[("kind", "=", kind)])


def record_sales(
    lake: Lake, books: Iterable[Book], names: Mapping[str, str], reception: Reception
) -> None:
    """Append sales files to bronze.sources, after their books balanced.

    Args:
        lake: the lake that has bronze.sources.
        books: one balanced book per file.
        names: the files' names by digest.
        reception: times of reception and ingestion in this run; bronze.sales_events has the times
            of each record.
    """
    entries = [
        {
            "source": book.source,
            "kind": SALES,
            "name": names[book.source],
            "received": book.received,
            **{end: getattr(book, end) for end in ENDS},
        }
        for book in books
    ]
    write(lake, entries, reception)


def record_catalogue(
    lake: Lake, digest: str, name: str, received: int, rejected: int, reception: Reception
) -> None:
    """Append an ingested catalogue to bronze.sources."""
    record_list(lake, CATALOGUE, digest, name, received, rejected, reception)


def record_list(
    lake: Lake,
    kind: str,
    digest: str,
    name: str,
    received: int,
    rejected: int,
    reception: Reception,
) -> None:
    """Append an ingested list, the catalogue or an optional input, to bronze.sources."""
    entry = {"source": digest, "name": name, "received": received, "rejected": rejected}
    write(lake, [{**entry, "kind": kind}], reception)


def write(lake: Lake, entries: list[dict[str, object]], reception: Reception) -> None:
    """Append entries to bronze.sources in one commit."""
    times = {"received_at": reception.received_at, "ingested_at": reception.ingested_at}
    rows = [{**entry, **times} for entry in entries]
    append_rows(lake, SOURCES, pa.Table.from_pylist(rows, schema=SOURCES.schema))
