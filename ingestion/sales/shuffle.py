"""The shuffle of the intake: which records a worker needs together, and how many at once."""

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

# Each takes whole months; as many as months, about, so that few tasks get two.
MOST_PARTITIONS = 32
ROWS_PER_PARTITION = 10_000
# A worker holds the records of one place at once, about 250 bytes each, and those of a Spark
# partition packed: about as many at any size, since there are more places and partitions then.
ROWS_PER_BUCKET = 4_000_000
# Rejected records of so many successive ones are of one place; places of fewer go together.
ROWS_PER_STRETCH = 100_000


def gathered(events: "DataFrame", profile: Profile, count: int, is_moving: bool) -> "DataFrame":
    """Parse records and bring together what belongs together.

    Args:
        events: rows of bronze.sales_events.
        profile: the meaning of the records.
        count: how many records there are.
        is_moving: versions of a sale may be of different months.

    Returns:
        Chunks of ``records.PARSED``, of each sale at least the newest version, in the order of
        their places. A place holds all versions of its sales, and all records of a month's bucket.
    """
    few = min(MOST_PARTITIONS, 1 + count // ROWS_PER_PARTITION)
    buckets = 1 + count // ROWS_PER_BUCKET
    partitions = max(few, buckets)
    months = partial(by_month, buckets=buckets)
    read = partial(read_all, profile=profile)
    if not is_moving:
        return in_order(chunks.chunked(events, read, months), partitions)
    sales = partial(by_sale, buckets=partitions)
    versions = in_order(chunks.chunked(events, read, sales), partitions)

    def collapse(batches: Batches) -> Iterator[pa.RecordBatch]:
        for records in each_place(batches):
            newest_versions = collapsed(records)
            yield chunks.pack(newest_versions, months(newest_versions))

    return in_order(versions.mapInArrow(collapse, chunks.DDL), partitions)


def each_place(batches: Batches) -> Iterator[pa.Table]:
    """Unpack chunks of ``records.PARSED``, in the order of their places, a place at a time."""
    return chunks.by_place(batches, PARSED, ROWS_PER_STRETCH)


def in_order(packed: "DataFrame", partitions: int) -> "DataFrame":
    """Bring the chunks of each place together, one place after the other."""
    return packed.repartition(partitions, "place").sortWithinPartitions("place")


def by_month(records: pa.Table, buckets: int) -> pa.Array:
    """Place parsed records by what they are and by month, a large month in buckets of items.

    All versions of a sale whose id tells its item are in one place; rejected records, which may be
    nearly all of a file, by their numbers.
    """
    outcome = records["outcome"].combine_chunks()
    months = records["month"].cast(pa.string()).combine_chunks()
    items = each(
        records["item_id"].combine_chunks(), lambda item: str(bucket(item, buckets)), pa.string()
    )
    named = (pc.fill_null(names, "") for names in (months, items))
    places = pc.binary_join_element_wise(outcome, *named, " ")
    stretch = pc.divide(records["offset"].combine_chunks(), ROWS_PER_STRETCH).cast(pa.string())
    numbered = pc.binary_join_element_wise(REJECTED, stretch, " ")
    return pc.if_else(pc.equal(outcome, REJECTED), numbered, places)


def by_sale(records: pa.Table, buckets: int) -> pa.Array:
    """Place parsed records in buckets of sales; those that are no sale as ``by_month`` does."""
    ids = records["sale_id"].combine_chunks()
    of_sales = each(ids, lambda text: str(bucket(text, buckets)), pa.string())
    return pc.coalesce(of_sales, by_month(records, buckets))


def collapsed(records: pa.Table) -> pa.Table:
    """Keep the newest version of each sale, and every other record."""
    is_sale = pc.field("outcome") == SALE
    sales = newest(records.filter(is_sale), DAILY_SALES.key, ORDER)
    return pa.concat_tables([sales, records.filter(~is_sale)])
