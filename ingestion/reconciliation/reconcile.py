"""Reconciliation of files, computed from the bronze and silver tables."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.newest import ORDER
from ingestion.reconciliation.erasures import count_erased
from ingestion.reconciliation.reconciliation import FileReconciliation
from ingestion.reconciliation.record_tally import KEY, RecordTallies, count_replaced
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


def reconcile_files(
    lake: Lake, sources: Sequence[str], profile: Profile
) -> list[FileReconciliation]:
    """Reconcile files: look every record up in the tables and count records per end.

    Memory is a byte per record.

    Args:
        lake: the lake that has the tables.
        sources: digests of files.
        profile: the profile that describes the records.

    Returns:
        A reconciliation per file, in the order of ``sources``; not yet checked for balance.
    """
    received, stored = RecordTallies(sources), RecordTallies(sources)
    for batch in read_keys(lake, SALES_EVENTS, sources):
        received.add("received", batch)
    for end, batch in read_ends(lake, sources):
        stored.add(end, batch)
    replaced = count_replacements(lake, stored.unstored(received), profile)
    reasons, erased = count_reasons(lake, sources), count_erased(lake, sources)
    return [
        FileReconciliation(
            source,
            max(received[source].count, received[source].ends["received"] + erased[source]),
            erased=erased[source],
            reasons=reasons[source],
            **tally.ends + replaced[source],
        )
        for source, tally in stored.items()
    ]


def read_keys(
    lake: Lake, table: Table, sources: Sequence[str], *columns: str
) -> Iterator[pa.RecordBatch]:
    """Read the keys, and further columns, of a table's rows that come from some sources."""
    return read_batches(lake, table, [*KEY, *columns], [("source", "in", list(sources))])


def read_ends(lake: Lake, sources: Sequence[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Read the stored records of some sources, each batch with the end of the records."""
    for batch in read_keys(lake, DAILY_SALES, sources, "is_cancelled"):
        yield "live", batch.filter(pc.invert(batch["is_cancelled"]))
        yield "tombstones", batch.filter(batch["is_cancelled"])
    for batch in read_keys(lake, DAILY_OFFERS, sources):
        yield "not_a_sale", batch
    for batch in read_keys(lake, REJECTED_SALES, sources):
        yield "rejected", batch


def count_reasons(lake: Lake, sources: Sequence[str]) -> Counts:
    """Count rejected records by source and broken check; a record may break several checks."""
    counts: Counts = defaultdict(Counter)
    for batch in read_keys(lake, REJECTED_SALES, sources, "reasons"):
        for source, names in zip(batch["source"], batch["reasons"], strict=True):
            counts[source.as_py()].update(names.as_py())
    return counts


def count_replacements(lake: Lake, unstored: pa.Table, profile: Profile) -> Counts:
    """Count the unstored records that a newer record replaced, by source and end.

    Args:
        lake: the lake that has the tables.
        unstored: keys of records in bronze.sales_events that no other table stores.
        profile: the profile that describes the records.
    """
    counts: Counts = defaultdict(Counter)
    for start in range(0, len(unstored), SLICE):
        records = parse(read_records(lake, unstored.slice(start, SLICE)), profile)
        for outcome, end, table, order in REPLACEMENTS:
            versions = records.filter(pc.field("outcome") == outcome)
            columns = [*table.key, *order]
            stored = read_table(lake, table, columns, [has_value_of(versions, table.key[-1])])
            for source, count in count_replaced(versions, stored, table.key, order).items():
                counts[source][end] += count
    return counts


def read_records(lake: Lake, keys: pa.Table) -> pa.Table:
    """Read the rows of bronze.sales_events that have the given ``[*KEY]``."""
    columns = list(SALES_EVENTS.names)
    filters = [has_value_of(keys, name) for name in KEY]
    candidates = read_table(lake, SALES_EVENTS, columns, filters)
    return candidates.join(keys, keys=list(KEY), join_type="left semi").select(columns)


def has_value_of(rows: pa.Table, name: str) -> tuple[str, str, pa.Array]:
    """Return the filter that a column has a value that occurs in the column in ``rows``."""
    return name, "in", pc.unique(rows[name])
