"""The ledger: bronze.sources, which files are all in the tables."""

from collections.abc import Iterable, Mapping

import pyarrow as pa

from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.lake import Lake
from lakehouse.sales.arrivals import Reception
from lakehouse.sales.books import ENDS, Book
from lakehouse.tables.bronze import SOURCES

SALES, CATALOGUE = "sales", "catalogue"


def recorded_sales(lake: Lake) -> set[str]:
    """Return the digests of the sales files whose books balanced."""
    return set(recorded(lake, SALES)["source"].to_pylist())


def latest_catalogue(lake: Lake) -> str | None:
    """Return the digest of the catalogue that was taken in last; None: none was."""
    return latest(lake, CATALOGUE)


def latest(lake: Lake, kind: str) -> str | None:
    """Return the digest of what was taken in last of a kind; None: nothing was."""
    found = recorded(lake, kind).sort_by("ingested_at")["source"].to_pylist()
    return found[-1] if found else None


def recorded(lake: Lake, kind: str) -> pa.Table:
    """Read the entries of a kind."""
    if not log.exists(lake, SOURCES):
        return SOURCES.schema.empty_table()
    return read_table(lake, SOURCES, filters=[("kind", "=", kind)])


def record_sales(
    lake: Lake, books: Iterable[Book], names: Mapping[str, str], reception: Reception
) -> None:
    """Record files as ingested, once their books balance.

    Args:
        lake: where the ledger is.
        books: of the files.
        names: the files' names by digest.
        reception: of a file that was received now; bronze knows that of each record.
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
    """Record a catalogue as taken in."""
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
    """Record a list, the catalogue or an optional input, as taken in."""
    entry = {"source": digest, "name": name, "received": received, "rejected": rejected}
    write(lake, [{**entry, "kind": kind}], reception)


def write(lake: Lake, entries: list[dict[str, object]], reception: Reception) -> None:
    """Add entries by one commit."""
    times = {"received_at": reception.received_at, "ingested_at": reception.ingested_at}
    rows = [{**entry, **times} for entry in entries]
    append_rows(lake, SOURCES, pa.Table.from_pylist(rows, schema=SOURCES.schema))
