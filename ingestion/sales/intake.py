"""The intake: records in bronze to the newest version of every sale."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.newest import ORDER, newer
from ingestion.sales.month_index import find_months
from ingestion.sales.records import SALE, rejected
from ingestion.sales.replaced_days import (
    cancel_replaced,
    days_in,
    keep_days,
    land_days,
    replaced_days,
    shop_days,
)
from ingestion.sales.replacements import MAY_REPLACE, read_all
from ingestion.sales.shuffle import collapsed, each_place, gathered
from ingestion.sales.versions import newest_offers, newest_sales
from lakehouse.delta import log
from lakehouse.delta.arrow import upsert_rows
from lakehouse.delta.parts import Part, Rows, land, load_parts, of_table, write_parts
from lakehouse.delta.rows import INCOMING, STORED
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.profile.sales import CONTENT, Sales
from lakehouse.table import Table
from lakehouse.tables.bronze import RECORD_KEY, REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, REPLACED_DAYS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Batches = Iterable[pa.RecordBatch]

# Set on silver.daily_sales once a record named its sale: its next version may be of another month.
MOVES = "shopcast.salesMove"
# A record that names its sale writes the field's name plainly or with JSON's escapes.
MAY_NAME = "contains(CAST(value AS STRING), 'sale_id') OR contains(CAST(value AS STRING), '\\\\')"
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
    if is_moving:
        let_sales_move(lake, profile.sales)
    is_moving = moves(lake, profile.sales)
    replacing = events.where(MAY_REPLACE)
    days = of_table(write_parts(lake, replacing, partial(days_in, profile=profile)), REPLACED_DAYS)
    parts = write_parts(lake, gathered(events, profile, events.count(), is_moving), settle)
    if admit is not None:
        admit(parts)
    touched = [REPLACED_DAYS.schema.empty_table(), *land_days(lake, days)]
    if log.exists(lake, REPLACED_DAYS):
        touched += (shop_days(rows) for rows in each_file(lake, of_table(parts, DAILY_SALES)))
    for table, is_newer in TABLES.items():
        months = partial(months_of, lake, table, profile)
        land(lake, table, of_table(parts, table), is_newer, months)
    cancel_replaced(lake, shop_days(*touched))


def each_file(lake: Lake, parts: Iterable[Part]) -> Iterator[pa.Table]:
    """Read files of silver.daily_sales one after the other."""
    for part in parts:
        yield load_parts(lake, DAILY_SALES, [part])


def may_name_sales(events: "DataFrame", profile: Profile) -> bool:
    """Find out whether a record names its sale.

    Args:
        events: rows of bronze.sales_events.
        profile: the meaning of the records.
    """

    def named(batches: Batches) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            records = read_all(pa.Table.from_batches([batch]), profile)
            if pc.any(records["is_named"]).as_py():
                yield pa.record_batch([pa.array([True])], ["is_named"])

    candidates = events.where(MAY_NAME).select(*SALES_EVENTS.names)
    return not candidates.mapInArrow(named, "is_named BOOLEAN").isEmpty()


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
    days = replaced_days(events, records)
    keep_days(lake, days)
    if pc.any(records["is_named"]).as_py():
        let_sales_move(lake, profile.sales)
    for made in settled(collapsed(records)):
        months = months_of(lake, made.table, profile, made.rows)
        upsert_rows(lake, made.table, made.rows, TABLES[made.table], months)
    cancel_replaced(lake, shop_days(records.filter(pc.field("outcome") == SALE), days))
    return records


def let_sales_move(lake: Lake, sales: Sales) -> None:
    """Note that a version of a sale may be of another month than the version stored."""
    if not moves(lake, sales):
        log.create(lake, DAILY_SALES)
        log.set_property(lake, DAILY_SALES, MOVES, "true")


def moves(lake: Lake, sales: Sales) -> bool:
    """Find out whether a version of a sale may be of another month than the version stored."""
    if not keeps_month(sales):
        return True
    is_there = log.exists(lake, DAILY_SALES)
    return is_there and log.property_of(lake, DAILY_SALES, MOVES) == "true"


def months_of(
    lake: Lake, table: Table, profile: Profile, rows: pa.Table
) -> list[date | None] | None:
    """Find the months where stored rows of the same keys can be; a table without months has none.

    A merge that need not look into every month takes a tenth of the time.
    """
    if table == REJECTED_SALES:
        return None
    months = {month for month in pc.unique(rows["month"]).to_pylist() if month is not None}
    if table == DAILY_SALES and moves(lake, profile.sales):
        return [*months | find_months(lake, rows["sale_id"])]
    return [*months]


def keeps_month(sales: Sales) -> bool:
    """Find out whether all versions of a sale are of the same month: its id tells its date."""
    is_given = sales.columns.sale_id is not None
    return not is_given and (sales.identity == CONTENT or "date" in sales.natural_key)


def settle(batches: Batches) -> Iterator[Rows]:
    """Turn chunks of ``records.PARSED``, in the order of their places, into rows of each table."""
    for records in each_place(batches):
        yield from settled(records)


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
