"""Replaced days: shop-days that replacements delivered again, and the older sales they cancel."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.newest import ORDER, newer, newest
from ingestion.sales.records import REJECTED, SALE
from ingestion.sales.replacements import (
    EVENTS,
    are_replacements,
    key_of,
    read_all,
    read_replacement,
    replaced_day,
)
from ingestion.sales.versions import LIVE
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.delta.part_upserts import portions
from lakehouse.delta.parts import DataFile, TableRows, discard_parts, load_parts
from lakehouse.delta.rows import INCOMING, STORED
from lakehouse.delta.upserts import upsert_rows
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.tables.bronze import RECORD_KEY
from lakehouse.tables.silver import DAILY_SALES, REPLACED_DAYS

SHOP_DAY = ("shop_id", "date")
SAME_VERSION = " AND ".join(f"{INCOMING}.`{n}` = {STORED}.`{n}`" for n in ORDER)
OF_THE_DAY = " of the day"


def replaced_days(events: pa.Table, parsed: pa.Table) -> pa.Table:
    """List the shop-days that records replace.

    Args:
        events: rows of bronze.sales_events, which may include replacements.
        parsed: the result of ``read_all`` for ``events``; rejected replacements are skipped.

    Returns:
        TableRows of silver.replaced_days, unique on the table's key.
    """
    failed = parsed.filter(pc.field("outcome") == REJECTED).select(list(RECORD_KEY))
    failed_keys = {key_of(row) for row in failed.to_pylist()}
    replacements = events.filter(are_replacements(events)).to_pylist()
    valid = [event for event in replacements if key_of(event) not in failed_keys]
    days = [replaced_day(event, read_replacement(event) or {}) for event in valid]
    rows = pa.Table.from_pylist([day for day in days if day], REPLACED_DAYS.schema)
    return newest(rows, REPLACED_DAYS.key, ORDER)


def list_replaced_days(batches: Iterable[pa.RecordBatch], profile: Profile) -> Iterator[TableRows]:
    """List the shop-days that batches of bronze.sales_events replace; runs in a Spark worker."""
    for batch in batches:
        events = pa.Table.from_batches([batch]).cast(EVENTS)
        events = events.filter(are_replacements(events))
        days = replaced_days(events, read_all(events, profile))
        if len(days):
            yield TableRows(REPLACED_DAYS, days)


def upsert_days(lake: Lake, days: pa.Table) -> None:
    """Merge replaced shop-days into silver.replaced_days, before their lines are merged."""
    if len(days):
        upsert_rows(lake, REPLACED_DAYS, days, newer(INCOMING, STORED, ORDER))


def merge_days(lake: Lake, parts: Sequence[DataFile]) -> Iterator[pa.Table]:
    """Merge the workers' rows into silver.replaced_days; yield ``[shop_id, date]`` in portions."""
    for some in portions(parts):
        days = newest(load_parts(lake, REPLACED_DAYS, some), REPLACED_DAYS.key, ORDER)
        upsert_days(lake, days)
        yield days.select(list(SHOP_DAY))
    discard_parts(lake, REPLACED_DAYS, parts)


def list_shop_days(*rows: pa.Table) -> pa.Table:
    """List the distinct ``[shop_id, date]`` of tables; parsed records count only if sales."""
    by_table = [
        (each.filter(pc.field("outcome") == SALE) if "outcome" in each.column_names else each)
        .select(list(SHOP_DAY))
        .cast(pa.schema([DAILY_SALES.schema.field(name).remove_metadata() for name in SHOP_DAY]))
        for each in rows
    ]
    together = pa.concat_tables(by_table).group_by(list(SHOP_DAY)).aggregate([])
    return together.filter(pc.is_valid(together["date"]))


def cancel_replaced(lake: Lake, touched: pa.Table) -> int:
    """Cancel live sales in silver.daily_sales that are older than their day's replacement.

    Memory holds one month's sales of touched replaced days at a time.

    Args:
        lake: the lake that has the tables.
        touched: ``[shop_id, date]``, unique: shop-days with new sales or replacements.

    Returns:
        The number of cancelled sales.
    """
    if not len(touched) or not log.exists(lake, REPLACED_DAYS):
        return 0
    filters = [("date", "in", pc.unique(touched["date"]))]
    stored = read_table(lake, REPLACED_DAYS, filters=filters)
    days = stored.join(touched, list(SHOP_DAY), join_type="left semi")
    return sum(
        cancel_in_month(lake, month, days.filter(pc.equal(days["month"], month)))
        for month in sorted(pc.unique(days["month"]).to_pylist())
    )


def cancel_in_month(lake: Lake, month: date, days: pa.Table) -> int:
    """Cancel one month's sales that are older than their day's replacement; return the count."""
    shops, dates = (pc.unique(days[name]) for name in SHOP_DAY)
    filters = [LIVE, ("month", "=", month), ("date", "in", dates), ("shop_id", "in", shops)]
    sales = read_table(lake, DAILY_SALES, filters=filters)
    versions = days.select([*SHOP_DAY, *ORDER])
    beside = sales.select([*SHOP_DAY, *ORDER]).append_column("place", row_numbers(sales))
    pairs = beside.join(
        versions, list(SHOP_DAY), join_type="inner", right_suffix=OF_THE_DAY
    ).combine_chunks()
    older = sales.take(pairs["place"].filter(is_older(pairs)))
    if len(older):
        at = older.column_names.index("is_cancelled")
        cancelled = older.set_column(at, older.schema.field(at), pa.repeat(True, len(older)))
        upsert_rows(lake, DAILY_SALES, cancelled, SAME_VERSION, [month])
    return len(older)


def row_numbers(rows: pa.Table) -> pa.Array:
    """Return row numbers from 0, int64."""
    return pa.array(range(len(rows)), pa.int64())


def is_older(pairs: pa.Table) -> pa.Array:
    """Return whether each row's sale has an older version than the replacement of the day."""
    result = pa.repeat(False, len(pairs))
    for name in reversed(ORDER):
        sale, day = pairs[name], pairs[f"{name}{OF_THE_DAY}"]
        result = pc.or_(pc.less(sale, day), pc.and_(pc.equal(sale, day), result))
    return result
