"""Ingestion of sales: records of bronze.sales_events merged into the silver tables."""

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
    list_replaced_days,
    list_shop_days,
    merge_days,
    replaced_days,
    upsert_days,
)
from ingestion.sales.replacements import MAY_REPLACE, read_all
from ingestion.sales.shuffle import collapse_versions, each_place, shuffle_by_sale
from ingestion.sales.versions import newest_offers, newest_sales
from lakehouse.delta import creation, log
from lakehouse.delta.part_upserts import upsert_parts
from lakehouse.delta.parts import DataFile, TableRows, load_parts, of_table, write_parts
from lakehouse.delta.rows import INCOMING, STORED
from lakehouse.delta.upserts import upsert_rows
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.profile.sales import CONTENT, Sales
from lakehouse.table import Table
from lakehouse.tables.bronze import RECORD_KEY, REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, REPLACED_DAYS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Batches = Iterable[pa.RecordBatch]

# Property of silver.daily_sales, set once a record states a sale_id: the next version of such a
# sale may be of another month.
MOVES = "shopcast.salesMove"
# A record that states a sale_id has the field's name in plain letters or in JSON escapes.
MAY_STATE_SALE_ID = (
    "contains(CAST(value AS STRING), 'sale_id') OR contains(CAST(value AS STRING), '\\\\')"
)
# The condition that an incoming row replaces the stored row of the same key, whichever came first.
TABLES = {
    REJECTED_SALES: "TRUE",
    DAILY_OFFERS: newer(INCOMING, STORED, RECORD_KEY),
    DAILY_SALES: newer(INCOMING, STORED, ORDER),
}


def merge_sales(
    lake: Lake,
    events: "DataFrame",
    profile: Profile,
    *,
    is_moving: bool = False,
    admit: Callable[[list[DataFile]], None] | None = None,
) -> None:
    """Merge records into the silver tables and bronze.rejected_sales; a replay changes nothing.

    Args:
        lake: the lake that has the tables.
        events: rows of bronze.sales_events.
        profile: the profile that describes the records.
        is_moving: whether the records may state a ``sale_id``, so that two versions of a sale may
            be of different months.
        admit: called with the data files before they are committed; raises to refuse the load.
    """
    if is_moving:
        let_sales_change_month(lake, profile.sales)
    is_moving = may_change_month(lake, profile.sales)
    replacing = events.where(MAY_REPLACE)
    days = of_table(
        write_parts(lake, replacing, partial(list_replaced_days, profile=profile)), REPLACED_DAYS
    )
    shuffled = shuffle_by_sale(events, profile, events.count(), is_moving)
    parts = write_parts(lake, shuffled, split_by_table)
    if admit is not None:
        admit(parts)
    touched = [REPLACED_DAYS.schema.empty_table(), *merge_days(lake, days)]
    if log.exists(lake, REPLACED_DAYS):
        touched += (list_shop_days(rows) for rows in each_file(lake, of_table(parts, DAILY_SALES)))
    for table, is_newer in TABLES.items():
        months = partial(months_of, lake, table, profile)
        upsert_parts(lake, table, of_table(parts, table), is_newer, months)
    cancel_replaced(lake, list_shop_days(*touched))


def each_file(lake: Lake, parts: Iterable[DataFile]) -> Iterator[pa.Table]:
    """Read data files of silver.daily_sales one after the other, to hold one at a time."""
    for part in parts:
        yield load_parts(lake, DAILY_SALES, [part])


def may_state_sale_ids(events: "DataFrame", profile: Profile) -> bool:
    """Return whether any sales record states a ``sale_id``.

    Args:
        events: rows of bronze.sales_events.
        profile: the profile that describes the records.
    """

    def find_stated_ids(batches: Batches) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            records = read_all(pa.Table.from_batches([batch]), profile)
            if pc.any(records["is_named"]).as_py():
                yield pa.record_batch([pa.array([True])], ["is_named"])

    candidates = events.where(MAY_STATE_SALE_ID).select(*SALES_EVENTS.names)
    return not candidates.mapInArrow(find_stated_ids, "is_named BOOLEAN").isEmpty()


def merge_few_sales(lake: Lake, events: pa.Table, profile: Profile) -> pa.Table:
    """Merge few records into the silver tables without Spark; same result as ``merge_sales``.

    Args:
        lake: the lake that has the tables.
        events: rows of bronze.sales_events.
        profile: the profile that describes the records.

    Returns:
        The parsed records, ``records.PARSED``.
    """
    records = read_all(events, profile)
    days = replaced_days(events, records)
    upsert_days(lake, days)
    if pc.any(records["is_named"]).as_py():
        let_sales_change_month(lake, profile.sales)
    for new in split_records(collapse_versions(records)):
        months = months_of(lake, new.table, profile, new.rows)
        upsert_rows(lake, new.table, new.rows, TABLES[new.table], months)
    cancel_replaced(lake, list_shop_days(records.filter(pc.field("outcome") == SALE), days))
    return records


def let_sales_change_month(lake: Lake, sales: Sales) -> None:
    """Set ``MOVES`` on silver.daily_sales: a sale's next version may be of another month."""
    if not may_change_month(lake, sales):
        creation.create_table(lake, DAILY_SALES)
        log.set_property(lake, DAILY_SALES, MOVES, "true")


def may_change_month(lake: Lake, sales: Sales) -> bool:
    """Return whether a new version of a sale may be of another month than the stored version."""
    if not keeps_month(sales):
        return True
    return log.exists(lake, DAILY_SALES) and log.property_of(lake, DAILY_SALES, MOVES) == "true"


def months_of(
    lake: Lake, table: Table, profile: Profile, rows: pa.Table
) -> list[date | None] | None:
    """List the months that may store rows with the keys of new rows; None for a table without.

    A merge limited to a few months takes a tenth of the time of a merge over all months.
    """
    if table == REJECTED_SALES:
        return None
    months = {month for month in pc.unique(rows["month"]).to_pylist() if month is not None}
    if table == DAILY_SALES and may_change_month(lake, profile.sales):
        return [*months | find_months(lake, rows["sale_id"])]
    return [*months]


def keeps_month(sales: Sales) -> bool:
    """Return whether all versions of a sale have one month: the date is part of the identity."""
    has_id_column = sales.columns.sale_id is not None
    return not has_id_column and (sales.identity == CONTENT or "date" in sales.natural_key)


def split_by_table(batches: Batches) -> Iterator[TableRows]:
    """Turn chunks of ``records.PARSED``, sorted by place, into rows of each table."""
    for records in each_place(batches):
        yield from split_records(records)


def split_records(records: pa.Table) -> Iterator[TableRows]:
    """Split records into rows of rejected_sales, daily_offers and daily_sales, unique on the key.

    Args:
        records: ``records.PARSED``, with every record of a sale that the batch has.
    """
    for table, rows in (
        (REJECTED_SALES, rejected(records)),
        (DAILY_OFFERS, newest_offers(records)),
        (DAILY_SALES, newest_sales(records)),
    ):
        if len(rows):
            yield TableRows(table, rows)
