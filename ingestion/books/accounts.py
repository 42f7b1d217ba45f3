"""Reconciliation of sources: the books, computed from the bronze and silver tables."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.books.audit import KEY, Audit, replaced
from ingestion.books.books import Book
from ingestion.books.erasures import erased
from ingestion.newest import ORDER
from ingestion.sales.records import NOT_A_SALE, SALE, parse
from lakehouse.delta.arrow import read_batches, read_table
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.table import Table
from lakehouse.tables.bronze import RECORD_KEY, REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES

Counts = dict[str, Counter[str]]
# Number of unstored records to look up at a time.
SLICE = 200_000
# For records that no silver table stores: outcome, end, table of the newer record, version order.
REPLACEMENTS = (
    (SALE, "superseded", DAILY_SALES, ORDER),
    (NOT_A_SALE, "not_a_sale", DAILY_OFFERS, RECORD_KEY),
)


def draw_up(lake: Lake, sources: Sequence[str], profile: Profile) -> list[Book]:
    """Reconcile files: look every record up in the tables and count records per end.

    Memory is a byte per record.

    Args:
        lake: the lake that has the tables.
        sources: digests of files.
        profile: the profile that describes the records.

    Returns:
        A book per source, in the order of ``sources``; not yet checked for balance.
    """
    received, stored = Audit(sources), Audit(sources)
    for batch in of_sources(lake, SALES_EVENTS, sources):
        received.add("received", batch)
    for end, batch in ends(lake, sources):
        stored.add(end, batch)
    gone = replacements(lake, stored.unstored(received), profile)
    broken, gone_for_good = reasons(lake, sources), erased(lake, sources)
    return [
        Book(
            source,
            max(received[source].count, received[source].ends["received"] + gone_for_good[source]),
            erased=gone_for_good[source],
            reasons=broken[source],
            **tally.ends + gone[source],
        )
        for source, tally in stored.items()
    ]


def of_sources(
    lake: Lake, table: Table, sources: Sequence[str], *columns: str
) -> Iterator[pa.RecordBatch]:
    """Read the keys, and further columns, of a table's rows that come from some sources."""
    return read_batches(lake, table, [*KEY, *columns], [("source", "in", list(sources))])


def ends(lake: Lake, sources: Sequence[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Read the stored records of some sources, each batch with the end of the records."""
    for batch in of_sources(lake, DAILY_SALES, sources, "is_cancelled"):
        yield "live", batch.filter(pc.invert(batch["is_cancelled"]))
        yield "tombstones", batch.filter(batch["is_cancelled"])
    for batch in of_sources(lake, DAILY_OFFERS, sources):
        yield "not_a_sale", batch
    for batch in of_sources(lake, REJECTED_SALES, sources):
        yield "rejected", batch


def reasons(lake: Lake, sources: Sequence[str]) -> Counts:
    """Count rejected records by source and broken check; a record may break several checks."""
    counts: Counts = defaultdict(Counter)
    for batch in of_sources(lake, REJECTED_SALES, sources, "reasons"):
        for source, names in zip(batch["source"], batch["reasons"], strict=True):
            counts[source.as_py()].update(names.as_py())
    return counts


def replacements(lake: Lake, unstored: pa.Table, profile: Profile) -> Counts:
    """Count the unstored records that a newer record replaced, by source and end.

    Args:
        lake: the lake that has the tables.
        unstored: keys of records in bronze.sales_events that no other table stores.
        profile: the profile that describes the records.
    """
    counts: Counts = defaultdict(Counter)
    for start in range(0, len(unstored), SLICE):
        records = parse(received(lake, unstored.slice(start, SLICE)), profile)
        for outcome, end, table, order in REPLACEMENTS:
            versions = records.filter(pc.field("outcome") == outcome)
            columns = [*table.key, *order]
            stored = read_table(lake, table, columns, [same(versions, table.key[-1])])
            for source, count in replaced(versions, stored, table.key, order).items():
                counts[source][end] += count
    return counts


def received(lake: Lake, keys: pa.Table) -> pa.Table:
    """Read the rows of bronze.sales_events that have the given ``[*KEY]``."""
    columns = list(SALES_EVENTS.names)
    asked = [same(keys, name) for name in KEY]
    found = read_table(lake, SALES_EVENTS, columns, asked)
    return found.join(keys, keys=list(KEY), join_type="left semi").select(columns)


def same(rows: pa.Table, name: str) -> tuple[str, str, pa.Array]:
    """Return the filter that a column has a value that occurs in the column in ``rows``."""
    return name, "in", pc.unique(rows[name])
