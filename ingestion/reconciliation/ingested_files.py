"""Ingested files (bronze.sources, bronze.source_files): files whose rows all are in the tables."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import pyarrow as pa

from ingestion.arrivals import Reception
from ingestion.files.source import Source
from ingestion.files.source_file import Known
from ingestion.reconciliation.reconciliation import FileReconciliation
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.delta.upserts import upsert_rows
from lakehouse.lake import Lake
from lakehouse.tables.bronze import SOURCE_FILES, SOURCES

SALES, CATALOGUE = "sales", "catalogue"


@dataclass(frozen=True)
class IngestedFile:
    """A row of bronze.sources, without the times.

    Attributes:
        source: digest of the file, or of the files of a catalogue.
        kind: ``SALES``, ``CATALOGUE`` or the name of an optional input.
        name: name of the file, or names of the files.
        received: number of records.
        rejected: number of rejected records, or of list records that were left out.
        live: number of live sales whose newest version the file has; None: no sales file. So are
            the three counts that follow.
        tombstones: number of cancelled sales whose newest version the file has.
        superseded: number of versions that a newer record replaced.
        not_a_sale: number of offers.
    """

    source: str
    kind: str
    name: str
    received: int
    rejected: int
    live: int | None = None
    tombstones: int | None = None
    superseded: int | None = None
    not_a_sale: int | None = None

    @classmethod
    def of_sales(cls, file: FileReconciliation, name: str) -> "IngestedFile":
        """Describe a reconciled sales file."""
        return cls(file.source, SALES, name, file.received, **file.counts)


def append_ingested(lake: Lake, files: Iterable[IngestedFile], reception: Reception) -> None:
    """Append files to bronze.sources in one commit, after the tables have all records.

    Args:
        lake: the lake that has bronze.sources.
        files: ingested lists, or sales files that are reconciled.
        reception: times of reception and ingestion in this run; bronze.sales_events has the times
            of each record.
    """
    times = {"received_at": reception.received_at, "ingested_at": reception.ingested_at}
    rows = [{**asdict(file), **times} for file in files]
    append_rows(lake, SOURCES, pa.Table.from_pylist(rows, schema=SOURCES.schema))


def read_ingested(lake: Lake, kind: str) -> pa.Table:
    """Read the rows of bronze.sources that have a kind, in the order of ingestion."""
    if not log.exists(lake, SOURCES):
        return SOURCES.schema.empty_table()
    return read_table(lake, SOURCES, filters=[("kind", "=", kind)]).sort_by("ingested_at")


def latest_digest(lake: Lake, kind: str) -> str | None:
    """Return the digest of the source of a kind ingested last; None if none was ingested."""
    digests: list[str] = read_ingested(lake, kind)["source"].to_pylist()
    return digests[-1] if digests else None


def list_new_sales(lake: Lake, sources: Iterable[Source]) -> list[Source]:
    """List the sales files that bronze.sources does not have."""
    ingested = set(read_ingested(lake, SALES)["source"].to_pylist())
    return [source for source in sources if source.digest not in ingested]


def find_same_names(lake: Lake, files: Sequence[Source]) -> dict[str, datetime]:
    """Find new sales files whose name an ingested file with other contents has.

    Args:
        lake: the lake that has bronze.sources.
        files: files that bronze.sources does not have.

    Returns:
        File name → when a file of that name was last ingested.
    """
    names = {source.name for source in files}
    ingested = read_ingested(lake, SALES).select(["name", "ingested_at"]).to_pylist()
    return {row["name"]: row["ingested_at"] for row in ingested if row["name"] in names}


def read_known_files(lake: Lake) -> dict[str, Known]:
    """Read stamp and digest of the ingested files from bronze.source_files, by URI."""
    if not log.exists(lake, SOURCE_FILES):
        return {}
    rows = read_table(lake, SOURCE_FILES, ["uri", "stamp", "source"]).to_pylist()
    return {row["uri"]: Known(row["stamp"], row["source"]) for row in rows}


def record_files(lake: Lake, files: Iterable[Source], reception: Reception) -> None:
    """Upsert files' stamps and digests in bronze.source_files, after the tables have their rows."""
    known_files = read_known_files(lake)
    new = {
        source.uri: {
            "uri": source.uri,
            "stamp": source.stamp,
            "source": source.digest,
            "ingested_at": reception.ingested_at,
        }
        for source in files
        if known_files.get(source.uri) != Known(source.stamp, source.digest)
    }
    if new:
        rows = pa.Table.from_pylist(list(new.values()), schema=SOURCE_FILES.schema)
        upsert_rows(lake, SOURCE_FILES, rows)
