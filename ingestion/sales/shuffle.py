"""Shuffle of sales records: the records that one Spark worker must see together.

A place is the text key by which packed chunks of records are shuffled (``lakehouse.chunks``).
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.newest import ORDER, newest
from ingestion.sales.records import PARSED, REJECTED, SALE
from ingestion.sales.replacements import read_all
from lakehouse import chunks
from lakehouse.buckets import bucket
from lakehouse.profile.profile import Profile
from lakehouse.tables.silver import DAILY_SALES
from lakehouse.values import each

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Batches = Iterable[pa.RecordBatch]

# A partition takes whole months; with about as many partitions as months, few tasks get two.
MOST_PARTITIONS = 32
ROWS_PER_PARTITION = 10_000
# A worker holds the records of one place unpacked, about 250 bytes each, and those of one Spark
# partition packed. Larger loads get more places and partitions, so both stay about the same.
ROWS_PER_BUCKET = 4_000_000
# Rejected records among this many successive offsets share a place; smaller places are read
# together.
ROWS_PER_STRETCH = 100_000


def shuffle_by_sale(
    events: "DataFrame", profile: Profile, count: int, is_moving: bool
) -> "DataFrame":
    """Parse rows of bronze.sales_events and shuffle the versions of each sale to one place.

    Args:
        events: rows of bronze.sales_events.
        profile: the profile that describes the records.
        count: the number of records.
        is_moving: whether versions of a sale may be of different months.

    Returns:
        Chunks of ``records.PARSED``, sorted by place, with at least the newest version of each
        sale. All kept versions of a sale share a place, and all records of a month's item bucket.
    """
    few = min(MOST_PARTITIONS, 1 + count // ROWS_PER_PARTITION)
    buckets = 1 + count // ROWS_PER_BUCKET
    partitions = max(few, buckets)
    months = partial(month_places, buckets=buckets)
    read = partial(read_all, profile=profile)
    if not is_moving:
        return shuffle(chunks.pack_in_workers(events, read, months), partitions)
    sales = partial(sale_places, buckets=partitions)
    versions = shuffle(chunks.pack_in_workers(events, read, sales), partitions)

    def collapse(batches: Batches) -> Iterator[pa.RecordBatch]:
        for records in each_place(batches):
            newest_versions = collapse_versions(records)
            yield chunks.pack(newest_versions, months(newest_versions))

    return shuffle(versions.mapInArrow(collapse, chunks.DDL), partitions)


def each_place(batches: Batches) -> Iterator[pa.Table]:
    """Unpack chunks of ``records.PARSED`` that are sorted by place, place by place."""
    return chunks.by_place(batches, PARSED, ROWS_PER_STRETCH)


def shuffle(packed: "DataFrame", partitions: int) -> "DataFrame":
    """Shuffle packed chunks so that a partition has whole places, sorted by place."""
    return packed.repartition(partitions, "place").sortWithinPartitions("place")


def month_places(records: pa.Table, buckets: int) -> pa.Array:
    """Compute the place of each parsed record from outcome, month and item bucket.

    All versions of a sale whose identity includes month and item share a place. Rejected records,
    which may be nearly all of a file, are placed by offset.
    """
    outcome = records["outcome"].combine_chunks()
    months = records["month"].cast(pa.string()).combine_chunks()
    items = each(
        records["item_id"].combine_chunks(), lambda item: str(bucket(item, buckets)), pa.string()
    )
    texts = (pc.fill_null(column, "") for column in (months, items))
    places = pc.binary_join_element_wise(outcome, *texts, " ")
    stretch = pc.divide(records["offset"].combine_chunks(), ROWS_PER_STRETCH).cast(pa.string())
    by_offset = pc.binary_join_element_wise(REJECTED, stretch, " ")
    return pc.if_else(pc.equal(outcome, REJECTED), by_offset, places)


def sale_places(records: pa.Table, buckets: int) -> pa.Array:
    """Compute the place of each sale from a bucket of its ``sale_id``, else as ``month_places``."""
    ids = records["sale_id"].combine_chunks()
    buckets_of_ids = each(ids, lambda text: str(bucket(text, buckets)), pa.string())
    return pc.coalesce(buckets_of_ids, month_places(records, buckets))


def collapse_versions(records: pa.Table) -> pa.Table:
    """Drop superseded versions of sales: keep each sale's newest, and records that are no sale."""
    is_sale = pc.field("outcome") == SALE
    sales = newest(records.filter(is_sale), DAILY_SALES.key, ORDER)
    return pa.concat_tables([sales, records.filter(~is_sale)])
