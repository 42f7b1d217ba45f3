"""Rejected records, judged again: those that are fine now become sales."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.delta import log, rows
from lakehouse.delta.arrow import delete_rows, read_table, upsert_rows
from lakehouse.delta.parts import (
    Rows,
    discard_parts,
    land,
    load_parts,
    of_table,
    read_parts,
    write_parts,
)
from lakehouse.delta.rows import gathered
from lakehouse.lake import Lake
from lakehouse.profile import Profile
from lakehouse.sales.intake import take_in, take_in_few
from lakehouse.sales.records import REJECTED, parse, rejected
from lakehouse.tables.bronze import REJECTED_SALES, SALES_EVENTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Records that this process puts through itself, and that one removal takes: 300 bytes each.
FEW_ROWS = 200_000
# How the names of files begin whose records name their sales.
NAMED = "named-"


def retry(spark: "Callable[[], SparkSession]", lake: Lake, profile: Profile) -> tuple[int, int]:
    """Put rejected records through again, under their own keys.

    Silver takes them first and rejected_sales gives them up last, so that a run that is cut off
    loses none; the next puts through again what is left, which changes nothing twice.

    Args:
        spark: starts the session, or returns it; called only where there are many records.
        lake: where the tables are.
        profile: the meaning of the records now.

    Returns:
        How many records were judged, and how many of them were fine.
    """
    judged = log.row_count(lake, REJECTED_SALES) if log.exists(lake, REJECTED_SALES) else 0
    if not judged:
        return 0, 0
    few = judged <= FEW_ROWS
    return judged, retry_few(lake, profile) if few else retry_many(spark(), lake, profile)


def retry_few(lake: Lake, profile: Profile) -> int:
    """Put all rejected records through in this process; returns how many were fine."""
    fine, changed, _ = judge(read_table(lake, REJECTED_SALES), profile)
    if len(fine):
        take_in_few(lake, fine, profile)
    if len(changed):
        upsert_rows(lake, REJECTED_SALES, changed)
    if len(fine):
        delete_rows(lake, REJECTED_SALES, fine)
    return len(fine)


def retry_many(spark: "SparkSession", lake: Lake, profile: Profile) -> int:
    """Put all rejected records through by the workers; returns how many were fine."""
    stored = rows.read(spark, lake, REJECTED_SALES)
    parts = write_parts(lake, stored, partial(judged_rows, profile=profile))
    fine = of_table(parts, SALES_EVENTS)
    if fine:
        events = read_parts(spark, lake, SALES_EVENTS, fine)
        is_moving = any(part.path.startswith(NAMED) for part in fine)
        take_in(lake, events, profile, is_moving=is_moving)
    land(lake, REJECTED_SALES, of_table(parts, REJECTED_SALES))
    for part in fine:
        delete_rows(lake, REJECTED_SALES, load_parts(lake, SALES_EVENTS, [part]))
    discard_parts(lake, SALES_EVENTS, fine)
    return sum(part.rows for part in fine)


def judged_rows(batches: Iterator[pa.RecordBatch], profile: Profile) -> Iterator[Rows]:
    """Judge rejected records again; runs in a worker.

    Yields:
        Those that are fine, as records received: files that are never committed. And those that
        break other checks than before.
    """
    for stored in gathered(batches, FEW_ROWS):
        fine, changed, is_named = judge(stored, profile)
        if len(fine):
            yield Rows(SALES_EVENTS, fine, NAMED if is_named else "")
        if len(changed):
            yield Rows(REJECTED_SALES, changed)


def judge(stored: pa.Table, profile: Profile) -> tuple[pa.Table, pa.Table, bool]:
    """Judge rejected records again.

    Args:
        stored: rows of bronze.rejected_sales.
        profile: the meaning of the records now.

    Returns:
        Those that are fine, as rows of bronze.sales_events; those that break other checks than
        before, as rows of bronze.rejected_sales; and whether any that is fine names its sale.
    """
    events = stored.select(list(SALES_EVENTS.names))
    records = parse(events, profile)
    is_broken = pc.equal(records["outcome"], REJECTED)
    still = rejected(records)
    before, after = (
        pc.binary_join(names, " ")
        for names in (stored["reasons"].filter(is_broken), still["reasons"])
    )
    fine = events.filter(pc.invert(is_broken))
    return (
        fine,
        still.filter(pc.not_equal(before, after)),
        bool(pc.any(records["is_named"]).as_py()),
    )
