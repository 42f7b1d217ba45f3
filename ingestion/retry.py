"""Retry of rejected records: records that pass now become sales or change the catalogue."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.catalogue.messages import MALFORMED, MESSAGE, merge_messages, read_message, reject
from ingestion.sales.intake import merge_few_sales, merge_sales
from ingestion.sales.records import rejected
from ingestion.sales.replacements import read_all
from lakehouse.batches import rebatch
from lakehouse.delta import log, rows, work
from lakehouse.delta.arrow import read_batches, read_table
from lakehouse.delta.deletes import delete_rows
from lakehouse.delta.part_upserts import upsert_parts
from lakehouse.delta.parts import (
    TableRows,
    discard_parts,
    load_parts,
    of_table,
    read_parts,
    write_parts,
)
from lakehouse.delta.upserts import upsert_rows
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.tables.bronze import CATALOGUE_EVENTS, RECORD_KEY, REJECTED_SALES, SALES_EVENTS
from lakehouse.types import COUNT, TEXT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Prefix of data files with records that state a sale_id.
NAMED = "named-"


@dataclass(frozen=True)
class RetryCounts:
    """Counts of a retry: rejected records that were checked, and records that passed."""

    checked: int
    accepted: int


@dataclass(frozen=True)
class Recheck:
    """Rejected sales records after another check.

    Attributes:
        accepted: records that pass, as rows of bronze.sales_events.
        changed: records that break other checks than before, as rows of bronze.rejected_sales.
        has_stated_ids: whether any accepted record states a ``sale_id``.
    """

    accepted: pa.Table
    changed: pa.Table
    has_stated_ids: bool


def retry(spark: "Callable[[], SparkSession]", lake: Lake, profile: Profile) -> RetryCounts:
    """Check the records of bronze.rejected_sales again and ingest the records that pass now.

    Records keep their keys. A record is merged into silver first and deleted from rejected_sales
    last, so that an interrupted run loses no record; merging a record again changes nothing.

    Args:
        spark: function that returns the Spark session; called only for many records.
        lake: the lake that has the tables.
        profile: the profile that describes the records now.
    """
    checked = log.row_count(lake, REJECTED_SALES) if log.exists(lake, REJECTED_SALES) else 0
    if not checked:
        return RetryCounts(0, 0)
    is_few = checked <= work.FEW_RECORDS
    messages = retry_messages(lake, profile)
    sales = retry_few(lake, profile) if is_few else retry_many(spark(), lake, profile)
    return RetryCounts(checked, messages + sales)


def retry_few(lake: Lake, profile: Profile) -> int:
    """Check and ingest the rejected sales records without Spark; return how many passed."""
    stored = read_table(lake, REJECTED_SALES)
    result = recheck(select_sales(stored, list_catalogue_sources(lake)), profile)
    if len(result.accepted):
        merge_few_sales(lake, result.accepted, profile)
    if len(result.changed):
        upsert_rows(lake, REJECTED_SALES, result.changed)
    if len(result.accepted):
        delete_rows(lake, REJECTED_SALES, result.accepted)
    return len(result.accepted)


def retry_many(spark: "SparkSession", lake: Lake, profile: Profile) -> int:
    """Check and ingest the rejected sales records in Spark workers; return how many passed."""
    stored = rows.read(spark, lake, REJECTED_SALES)
    sources = list_catalogue_sources(lake)
    parts = write_parts(lake, stored, partial(recheck_batches, profile=profile, others=sources))
    accepted = of_table(parts, SALES_EVENTS)
    if accepted:
        events = read_parts(spark, lake, SALES_EVENTS, accepted)
        is_moving = any(part.path.startswith(NAMED) for part in accepted)
        merge_sales(lake, events, profile, is_moving=is_moving)
    upsert_parts(lake, REJECTED_SALES, of_table(parts, REJECTED_SALES))
    for part in accepted:
        delete_rows(lake, REJECTED_SALES, load_parts(lake, SALES_EVENTS, [part]))
    discard_parts(lake, SALES_EVENTS, accepted)
    return sum(part.rows for part in accepted)


def retry_messages(lake: Lake, profile: Profile) -> int:
    """Check and ingest the rejected catalogue messages; return how many passed.

    A faulty message that an older version checked as a sale gets the reason ``MALFORMED`` back.
    """
    others, count = list_catalogue_sources(lake), 0
    for batch in read_batches(lake, REJECTED_SALES, REJECTED_SALES.names, []):
        stored = pa.Table.from_batches([batch])
        messages = stored.filter(pc.invert(is_of_sales(stored, others)))
        if not len(messages):
            continue
        is_valid = pa.array([read_message(v) is not None for v in messages["value"].to_pylist()])
        if len(accepted := messages.filter(is_valid)):
            merge_messages(lake, accepted, profile)
            delete_rows(lake, REJECTED_SALES, accepted)
            count += len(accepted)
        is_unchanged = pc.equal(joined_reasons(messages), MALFORMED)
        is_other = pc.invert(pc.or_(is_valid, is_unchanged))
        if len(faulty := messages.filter(is_other)):
            reject(lake, faulty.to_pylist())
    return count


def list_catalogue_sources(lake: Lake) -> pa.Array:
    """List the sources of catalogue messages in bronze: each the topic's name and UUID."""
    if not log.exists(lake, CATALOGUE_EVENTS):
        return pa.array([], TEXT)
    filters = [("entity", "=", MESSAGE)]
    batches = read_batches(lake, CATALOGUE_EVENTS, ["source"], filters)
    names = {name for batch in batches for name in pc.unique(batch["source"]).to_pylist()}
    return pa.array(sorted(names), TEXT)


def select_sales(stored: pa.Table, others: pa.Array) -> pa.Table:
    """Keep the rejected records that are sales records, not catalogue messages."""
    return stored.filter(is_of_sales(stored, others))


def is_of_sales(stored: pa.Table, others: pa.Array) -> pa.ChunkedArray:
    """Return whether each rejected record is a sales record, not a catalogue message."""
    is_message = pc.match_substring(joined_reasons(stored), MALFORMED)
    return pc.invert(pc.or_(is_message, pc.is_in(stored["source"], others)))


def recheck_batches(
    batches: Iterator[pa.RecordBatch], profile: Profile, others: pa.Array
) -> Iterator[TableRows]:
    """Check rejected sales records again; runs in a Spark worker.

    Yields:
        Records that pass, as rows of bronze.sales_events, whose data files are never committed;
        and records with changed reasons, as rows of bronze.rejected_sales.
    """
    for stored in rebatch(batches, work.FEW_RECORDS):
        result = recheck(select_sales(stored, others), profile)
        if len(result.accepted):
            yield TableRows(SALES_EVENTS, result.accepted, NAMED if result.has_stated_ids else "")
        if len(result.changed):
            yield TableRows(REJECTED_SALES, result.changed)


def recheck(stored: pa.Table, profile: Profile) -> Recheck:
    """Check rejected sales records again.

    Args:
        stored: rows of bronze.rejected_sales.
        profile: the profile that describes the records now.
    """
    events = stored.select(list(SALES_EVENTS.names))
    records = read_all(events, profile)
    still = rejected(records)
    reasons = with_reasons(stored, "before").join(with_reasons(still, "after"), list(RECORD_KEY))
    changed = reasons.filter(pc.not_equal(reasons["before"], reasons["after"]))
    return Recheck(
        without(events, still),
        without(still, without(reasons, changed)),
        bool(pc.any(records["is_named"]).as_py()),
    )


def with_reasons(stored: pa.Table, name: str) -> pa.Table:
    """Return ``[*RECORD_KEY, name]``, where column ``name`` has the joined reasons."""
    return stored.select(list(RECORD_KEY)).append_column(name, joined_reasons(stored))


def joined_reasons(stored: pa.Table) -> pa.ChunkedArray:
    """Join the reasons of each rejected record into one text."""
    return pc.binary_join(stored["reasons"], " ")


def without(records: pa.Table, others: pa.Table) -> pa.Table:
    """Drop the records whose ``RECORD_KEY`` occurs in ``others``, keeping the order."""
    places = records.select(list(RECORD_KEY)).append_column(
        "place", pa.array(range(len(records)), COUNT)
    )
    kept = places.join(others.select(list(RECORD_KEY)), list(RECORD_KEY), join_type="left anti")
    return records.take(kept["place"].combine_chunks().sort())


def count_reasons(lake: Lake) -> dict[str, int]:
    """Count the records of bronze.rejected_sales per reason; a record may have several reasons."""
    if not log.exists(lake, REJECTED_SALES):
        return {}
    counts: Counter[str] = Counter()
    for batch in read_batches(lake, REJECTED_SALES, ["reasons"], []):
        counts.update(batch["reasons"].flatten().to_pylist())
    return dict(sorted(counts.items()))
