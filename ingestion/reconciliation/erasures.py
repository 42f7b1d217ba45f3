"""Counts of erased records by source (bronze.erasures), correct after an interrupted erasure."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import pyarrow as pa

from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.delta.deletes import delete_rows
from lakehouse.lake import Lake
from lakehouse.tables.bronze import ERASURES, SALES_EVENTS

# The commit that deletes records from bronze.sales_events carries the erasure's transaction number.
# An entry with a greater number belongs to an erasure that was interrupted before that commit,
# since an erasure writes its entry first.
NAME = "erasure"


def transaction(erased_at: datetime) -> log.Named:
    """Return the transaction of an erasure, numbered by time in microseconds."""
    return log.Named(NAME, int(erased_at.timestamp() * 1_000_000))


def append_counts(lake: Lake, keys: pa.Table, now: datetime) -> None:
    """Append to bronze.erasures how many records of each source are about to be deleted.

    First deletes the entries of interrupted erasures.

    Args:
        lake: the lake that has the tables.
        keys: keys of the records to delete from bronze.sales_events.
        now: when the erasure began.
    """
    if log.transaction_number(lake, SALES_EVENTS, NAME) is None:
        # A lake written by an older version has no transaction: count its entries as completed.
        none = SALES_EVENTS.schema.empty_table()
        append_rows(lake, SALES_EVENTS, none, transaction(now - timedelta(microseconds=1)))
    if log.exists(lake, ERASURES):
        entries = read_table(lake, ERASURES)
        is_cut_off = [not is_completed for is_completed in are_completed(lake, entries)]
        cut_off = entries.filter(pa.array(is_cut_off, pa.bool_()))
        if len(cut_off):
            delete_rows(lake, ERASURES, cut_off)
    counts = keys.group_by("source").aggregate([([], "count_all")])
    at = pa.repeat(pa.scalar(now, ERASURES.schema.field("erased_at").type), len(counts))
    rows = pa.table([at, counts["source"], counts["count_all"]], list(ERASURES.names))
    append_rows(lake, ERASURES, rows)


def count_erased(lake: Lake, sources: Sequence[str]) -> Counter[str]:
    """Count erased records by source, from completed erasures in bronze.erasures."""
    counts: Counter[str] = Counter()
    if log.exists(lake, ERASURES):
        entries = read_table(lake, ERASURES, filters=[("source", "in", list(sources))])
        for row, is_completed in zip(
            entries.to_pylist(), are_completed(lake, entries), strict=True
        ):
            counts[row["source"]] += row["records"] if is_completed else 0
    return counts


def are_completed(lake: Lake, entries: pa.Table) -> list[bool]:
    """Return for each row of bronze.erasures whether the erasure was completed."""
    last = log.transaction_number(lake, SALES_EVENTS, NAME)
    times = entries["erased_at"].to_pylist()
    return [last is None or transaction(time).number <= last for time in times]
