"""The intake: records in bronze to the newest version of every sale."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse import chunks
from lakehouse.delta.parts import land, of_table, write_parts
from lakehouse.delta.rows import INCOMING, STORED
from lakehouse.lake import Lake
from lakehouse.profile import CONTENT, Profile, Sales
from lakehouse.sales.records import PARSED, REJECTED, SALE, parse, rejected
from lakehouse.sales.values import each
from lakehouse.sales.versions import ORDER, newer, newest, newest_offers, newest_sales
from lakehouse.table import Table
from lakehouse.tables.bronze import RECORD_KEY, REJECTED_SALES
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Batches = Iterable[pa.RecordBatch]
Places = Callable[[pa.Table], pa.Array]

# Each takes whole months; as many as months, about, so that few tasks get two.
MOST_PARTITIONS = 32
ROWS_PER_PARTITION = 10_000
# A worker holds one month's records of a bucket at once: about 250 bytes each.
ROWS_PER_BUCKET = 4_000_000
# Which of two rows of a key stays, whatever the order of arrival.
TABLES = {
    REJECTED_SALES: "TRUE",
    DAILY_OFFERS: newer(INCOMING, STORED, RECORD_KEY),
    DAILY_SALES: newer(INCOMING, STORED, ORDER),
}


def take_in(spark: "SparkSession", lake: Lake, events: "DataFrame", profile: Profile) -> None:
    """Put records through to silver. A replay of records already there changes nothing.

    Args:
        spark: the session.
        lake: where the tables are.
        events: rows of bronze.sales_events.
        profile: the meaning of the records.
    """
    parts = write_parts(lake, gathered(events, profile, events.count()), settle)
    for table, is_newer in TABLES.items():
        land(spark, lake, table, of_table(parts, table), is_newer)


def gathered(events: "DataFrame", profile: Profile, count: int) -> "DataFrame":
    """Parse records and bring together what belongs together.

    Args:
        events: rows of bronze.sales_events.
        profile: the meaning of the records.
        count: how many records there are.

    Returns:
        Chunks of ``records.PARSED``, of each sale at least the newest version. A Spark partition
        holds all versions of its sales, and all records of its months and buckets.
    """
    partitions = min(MOST_PARTITIONS, 1 + count // ROWS_PER_PARTITION)
    months = partial(by_month, buckets=1 + count // ROWS_PER_BUCKET)
    read = partial(parse, profile=profile)
    if keeps_month(profile.sales):
        return chunks.chunked(events, read, months).repartition(partitions, "place")
    sales = partial(by_sale, buckets=partitions)
    versions = chunks.chunked(events, read, sales).repartition(partitions, "place")

    def collapse(batches: Batches) -> Iterator[pa.RecordBatch]:
        records = collapsed(chunks.unpack(batches, PARSED))
        if len(records):
            yield chunks.pack(records, months(records))

    return versions.mapInArrow(collapse, chunks.DDL).repartition(partitions, "place")


def keeps_month(sales: Sales) -> bool:
    """Say whether all versions of a sale are of the same month: its id tells its date."""
    is_given = sales.columns.sale_id is not None
    return not is_given and (sales.identity == CONTENT or "date" in sales.natural_key)


def by_month(records: pa.Table, buckets: int) -> pa.Array:
    """Place parsed records by what they are and by month, a large month in buckets of items.

    All versions of a sale whose id tells its item are in one place, and all rejected records.
    """
    outcome = records["outcome"].combine_chunks()
    months = records["month"].cast(pa.string()).combine_chunks()
    items = each(records["item_id"].combine_chunks(), partial(bucket, count=buckets), pa.string())
    named = (pc.fill_null(names, "") for names in (months, items))
    places = pc.binary_join_element_wise(outcome, *named, " ")
    return pc.if_else(pc.equal(outcome, REJECTED), REJECTED, places)


def by_sale(records: pa.Table, buckets: int) -> pa.Array:
    """Place parsed records in buckets of sales; those that are no sale by what they are."""
    ids = pc.coalesce(records["sale_id"], records["outcome"]).combine_chunks()
    return pa.array([bucket(text, buckets) for text in ids.to_pylist()], pa.string())


def bucket(text: str, count: int) -> str:
    """Number the bucket of a text, the same in every process."""
    return str(zlib.crc32(text.encode()) % count)


def collapsed(records: pa.Table) -> pa.Table:
    """Keep the newest version of each sale, and every other record."""
    is_sale = pc.field("outcome") == SALE
    sales = newest(records.filter(is_sale), DAILY_SALES.key, ORDER)
    return pa.concat_tables([sales, records.filter(~is_sale)])


def settle(batches: Batches) -> Iterator[tuple[Table, pa.Table]]:
    """Turn the records of some months into rows of each table.

    Args:
        batches: chunks of ``records.PARSED``.

    Yields:
        A table and its rows, unique on the table's key.
    """
    records = chunks.unpack(batches, PARSED)
    for table, rows in (
        (REJECTED_SALES, rejected(records)),
        (DAILY_OFFERS, newest_offers(records)),
        (DAILY_SALES, newest_sales(records)),
    ):
        if len(rows):
            yield table, rows
