"""The intake: records in bronze to the newest version of every sale."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse import chunks
from lakehouse.buckets import bucket
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table, upsert_rows
from lakehouse.delta.parts import Part, Rows, land, of_table, write_parts
from lakehouse.delta.rows import INCOMING, STORED
from lakehouse.lake import Lake
from lakehouse.profile import Profile
from lakehouse.sales.records import PARSED, REJECTED, SALE, rejected
from lakehouse.sales.replacements import (
    cancel_replaced,
    may_replace,
    read_all,
    replaced_day,
    replacement,
    take_in_days,
)
from lakehouse.sales.values import each
from lakehouse.sales.versions import ORDER, newer, newest, newest_offers, newest_sales
from lakehouse.sales_section import CONTENT, Sales
from lakehouse.tables.bronze import RECORD_KEY, REJECTED_SALES
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Batches = Iterable[pa.RecordBatch]
Places = Callable[[pa.Table], pa.Array]

# Each takes whole months; as many as months, about, so that few tasks get two.
MOST_PARTITIONS = 32
ROWS_PER_PARTITION = 10_000
# A worker holds one month's records of a bucket at once: about 250 bytes each.
ROWS_PER_BUCKET = 4_000_000
# Rejected records of so many successive ones are written together.
ROWS_PER_STRETCH = 100_000
# Set on silver.daily_sales once a record named its sale: its next version may be of another month.
MOVES = "shopcast.salesMove"
NAMES_ITS_SALE = "contains(CAST(value AS STRING), 'sale_id')"
# Which of two rows of a key stays, whatever the order of arrival.
TABLES = {
    REJECTED_SALES: "TRUE",
    DAILY_OFFERS: newer(INCOMING, STORED, RECORD_KEY),
    DAILY_SALES: newer(INCOMING, STORED, ORDER),
}


def take_in(
    lake: Lake,
    events: "DataFrame",
    profile: Profile,
    *,
    is_moving: bool = False,
    admit: Callable[[list[Part]], None] | None = None,
) -> None:
    """Put records through to silver. A replay of records already there changes nothing.

    Args:
        lake: where the tables are.
        events: rows of bronze.sales_events.
        profile: the meaning of the records.
        is_moving: the records may name sales, whose versions then may be of different months.
        admit: looks at the files that are written for silver, and raises where they shall not
            become part of it.
    """
    if is_moving and not moves(lake, profile.sales):
        log.create(lake, DAILY_SALES)
        log.set_property(lake, DAILY_SALES, MOVES, "true")
    is_moving = is_moving or moves(lake, profile.sales)
    parts = write_parts(lake, gathered(events, profile, events.count(), is_moving), settle)
    if admit is not None:
        admit(parts)
    replacing = events.where("contains(CAST(value AS STRING), '\"replace\"')").toArrow()
    take_in_days(lake, replacing, read_all(replacing, profile))
    for table, is_newer in TABLES.items():
        mine = of_table(parts, table)
        months = {part.month for part in mine}
        known = [month for month in months if month is not None]
        is_known = len(known) == len(months) and not (is_moving and table == DAILY_SALES)
        land(lake, table, mine, is_newer, known if is_known and known else None)
    days = [replaced_day(e, replacement(e) or {}) for e in replacing.to_pylist()]
    named = {part.month for part in parts} | {day["month"] for day in days if day}
    cancel_replaced(lake, sorted(month for month in named if month is not None))


def may_name_sales(events: "DataFrame") -> bool:
    """Say whether a record may name its sale, by a look at the bytes of bronze.sales_events."""
    return not events.where(NAMES_ITS_SALE).isEmpty()


def take_in_few(lake: Lake, events: pa.Table, profile: Profile) -> pa.Table:
    """Put few records through to silver in this process; the same as ``take_in``.

    Args:
        lake: where the tables are.
        events: rows of bronze.sales_events.
        profile: the meaning of the records.

    Returns:
        The records, ``records.PARSED``.
    """
    records = read_all(events, profile)
    take_in_days(lake, events, records)
    if not moves(lake, profile.sales) and pc.any(records["is_named"]).as_py():
        log.create(lake, DAILY_SALES)
        log.set_property(lake, DAILY_SALES, MOVES, "true")
    for made in settled(collapsed(records)):
        upsert_rows(lake, made.table, made.rows, TABLES[made.table], months_of(made, lake, profile))
    cancel_replaced(lake, months_in(records, events))
    return records


def months_in(records: pa.Table, events: pa.Table) -> list[date]:
    """List the months of records; where one may be a replacement, those of the days it names."""
    months = set(pc.unique(records["month"]).to_pylist())
    for event in events.filter(may_replace(events)).to_pylist():
        day = replaced_day(event, replacement(event) or {})
        months.add(day and day["month"])
    return sorted(month for month in months if month is not None)


def moves(lake: Lake, sales: Sales) -> bool:
    """Say whether a version of a sale may be of another month than the version stored."""
    if not keeps_month(sales):
        return True
    is_there = log.exists(lake, DAILY_SALES)
    return is_there and log.property_of(lake, DAILY_SALES, MOVES) == "true"


def months_of(made: Rows, lake: Lake, profile: Profile) -> list[date] | None:
    """Return the months where stored rows of the same keys can be; None: anywhere.

    A merge that need not look into every month takes a tenth of the time.
    """
    if made.table == REJECTED_SALES:
        return None
    mine = pc.unique(made.rows["month"])
    if made.table == DAILY_SALES and (moves(lake, profile.sales) or mine.null_count):
        ids = made.rows["sale_id"].combine_chunks()
        stored = read_table(lake, DAILY_SALES, ["month"], [("sale_id", "in", ids)])
        mine = pc.unique(pa.chunked_array([mine, *stored["month"].chunks]))
    return [month for month in mine.to_pylist() if month is not None]


def gathered(events: "DataFrame", profile: Profile, count: int, is_moving: bool) -> "DataFrame":
    """Parse records and bring together what belongs together.

    Args:
        events: rows of bronze.sales_events.
        profile: the meaning of the records.
        count: how many records there are.
        is_moving: versions of a sale may be of different months.

    Returns:
        Chunks of ``records.PARSED``, of each sale at least the newest version. A Spark partition
        holds all versions of its sales, and all records of its months and buckets.
    """
    partitions = min(MOST_PARTITIONS, 1 + count // ROWS_PER_PARTITION)
    months = partial(by_month, buckets=1 + count // ROWS_PER_BUCKET)
    read = partial(read_all, profile=profile)
    if not is_moving:
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
    """Place parsed records in buckets of sales; those that are no sale by what they are."""
    ids = pc.coalesce(records["sale_id"], records["outcome"]).combine_chunks()
    return pa.array([str(bucket(text, buckets)) for text in ids.to_pylist()], pa.string())


def collapsed(records: pa.Table) -> pa.Table:
    """Keep the newest version of each sale, and every other record."""
    is_sale = pc.field("outcome") == SALE
    sales = newest(records.filter(is_sale), DAILY_SALES.key, ORDER)
    return pa.concat_tables([sales, records.filter(~is_sale)])


def settle(batches: Batches) -> Iterator[Rows]:
    """Turn the records of some months, chunks of ``records.PARSED``, into rows of each table."""
    yield from settled(chunks.unpack(batches, PARSED))


def settled(records: pa.Table) -> Iterator[Rows]:
    """Turn records into rows of each table, unique on its key.

    Args:
        records: ``records.PARSED``, all those of a sale.
    """
    for table, rows in (
        (REJECTED_SALES, rejected(records)),
        (DAILY_OFFERS, newest_offers(records)),
        (DAILY_SALES, newest_sales(records)),
    ):
        if len(rows):
            yield Rows(table, rows)
