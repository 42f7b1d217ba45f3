"""The account of erasures: how many records of each source are gone, whenever one was cut off."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import pyarrow as pa

from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, delete_rows, read_table
from lakehouse.lake import Lake
from lakehouse.tables.bronze import ERASURES, SALES_EVENTS

# The commit that takes records out of bronze.sales_events names the erasure that it is of. What is
# noted of a later one did not happen: it was noted first, and cut off.
NAME = "erasure"


def transaction(erased_at: datetime) -> log.Named:
    """Name the transaction of an erasure."""
    return log.Named(NAME, int(erased_at.timestamp() * 1_000_000))


def note(lake: Lake, keys: pa.Table, now: datetime) -> None:
    """Note how many records of each source are about to go.

    Args:
        lake: where the tables are.
        keys: of the records in bronze.sales_events.
        now: when the erasure began.
    """
    if log.transaction_number(lake, SALES_EVENTS, NAME) is None:
        # A lake of an earlier program: what it noted did happen.
        none = SALES_EVENTS.schema.empty_table()
        append_rows(lake, SALES_EVENTS, none, transaction(now - timedelta(microseconds=1)))
    if log.exists(lake, ERASURES):
        noted = read_table(lake, ERASURES)
        cut_off = noted.filter(pa.array([not is_done for is_done in done(lake, noted)], pa.bool_()))
        if len(cut_off):
            delete_rows(lake, ERASURES, cut_off)
    counts = keys.group_by("source").aggregate([([], "count_all")])
    at = pa.repeat(pa.scalar(now, ERASURES.schema.field("erased_at").type), len(counts))
    rows = pa.table([at, counts["source"], counts["count_all"]], list(ERASURES.names))
    append_rows(lake, ERASURES, rows)


def erased(lake: Lake, sources: Sequence[str]) -> Counter[str]:
    """Count the records that were erased, by source."""
    counts: Counter[str] = Counter()
    if log.exists(lake, ERASURES):
        noted = read_table(lake, ERASURES, filters=[("source", "in", list(sources))])
        for row, is_done in zip(noted.to_pylist(), done(lake, noted), strict=True):
            counts[row["source"]] += row["records"] if is_done else 0
    return counts


def done(lake: Lake, noted: pa.Table) -> list[bool]:
    """Say which erasures that were noted did happen."""
    last = log.transaction_number(lake, SALES_EVENTS, NAME)
    times = noted["erased_at"].to_pylist()
    return [last is None or transaction(time).number <= last for time in times]
