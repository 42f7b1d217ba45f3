"""Accounts: the books of sources, drawn up from the tables."""

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
# Records stored nowhere are looked up so many at a time.
SLICE = 200_000
# What replaces a record that is stored nowhere: its outcome, its end, and where the newer one is.
REPLACEMENTS = (
    (SALE, "superseded", DAILY_SALES, ORDER),
    (NOT_A_SALE, "not_a_sale", DAILY_OFFERS, RECORD_KEY),
)


def draw_up(lake: Lake, sources: Sequence[str], profile: Profile) -> list[Book]:
    """Count what came of every record of some files, by looking it up where it is stored.

    Memory is a byte per record.

    Args:
        lake: where the tables are.
        sources: digests of files.
        profile: the meaning of the records.

    Returns:
        A book per source, in their order; not yet checked.
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
    """Read the keys of a table's records of some sources, and further columns."""
    return read_batches(lake, table, [*KEY, *columns], [("source", "in", list(sources))])


def ends(lake: Lake, sources: Sequence[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Read the stored records of some sources, each with what it came to."""
    for batch in of_sources(lake, DAILY_SALES, sources, "is_cancelled"):
        yield "live", batch.filter(pc.invert(batch["is_cancelled"]))
        yield "tombstones", batch.filter(batch["is_cancelled"])
    for batch in of_sources(lake, DAILY_OFFERS, sources):
        yield "not_a_sale", batch
    for batch in of_sources(lake, REJECTED_SALES, sources):
        yield "rejected", batch


def reasons(lake: Lake, sources: Sequence[str]) -> Counts:
    """Count rejected records by source and broken check; one record may break several."""
    counts: Counts = defaultdict(Counter)
    for batch in of_sources(lake, REJECTED_SALES, sources, "reasons"):
        for source, names in zip(batch["source"], batch["reasons"], strict=True):
            counts[source.as_py()].update(names.as_py())
    return counts


def replacements(lake: Lake, unstored: pa.Table, profile: Profile) -> Counts:
    """Count the records whose sale, or day on offer, has a newer record, by source and end.

    Args:
        lake: where the tables are.
        unstored: keys of the records that are stored nowhere.
        profile: their meaning.
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
    """Read records from bronze by ``[*KEY]``."""
    columns = list(SALES_EVENTS.names)
    asked = [same(keys, name) for name in KEY]
    found = read_table(lake, SALES_EVENTS, columns, asked)
    return found.join(keys, keys=list(KEY), join_type="left semi").select(columns)


def same(rows: pa.Table, name: str) -> tuple[str, str, pa.Array]:
    """Return the condition that a column has one of the values that it has in some rows."""
    return name, "in", pc.unique(rows[name])
