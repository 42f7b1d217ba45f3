"""Replacements: a shop's day delivered again as a whole, in one record.

``{"op": "replace", "shop_id": …, "date": …, "updated_at": …, "lines": [{item_id, units, price}]}``:
its lines are versions of sales like any other. What the shop-day held before and is not among
them is cancelled, whenever it arrives: only the newest replacement of a shop-day matters.
"""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.date_format import ISO, date_reader
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table, upsert_rows
from lakehouse.delta.rows import INCOMING, STORED
from lakehouse.json_records import read_object
from lakehouse.lake import Lake
from lakehouse.profile import Profile
from lakehouse.sales.records import PARSED, REJECTED, parse
from lakehouse.sales.values import can_be_version, plausible_id, timestamp
from lakehouse.sales.versions import LIVE, ORDER, newer, newest
from lakehouse.tables.bronze import RECEIVED, RECORD_KEY
from lakehouse.tables.silver import DAILY_SALES, REPLACED_DAYS

REPLACE = b'"replace"'
INCOMPLETE = "replacement_incomplete"
EVENTS = pa.schema([column.field for column in RECEIVED])
SAME_VERSION = " AND ".join(f"{INCOMING}.`{n}` = {STORED}.`{n}`" for n in ORDER)

Row = dict[str, Any]


def may_replace(events: pa.Table) -> pa.Array:
    """Say which records may be replacements, by a look at their bytes."""
    values = events["value"].combine_chunks()
    return pc.fill_null(pc.match_substring(values, REPLACE), False)


def read_all(events: pa.Table, profile: Profile) -> pa.Table:
    """Parse records, of replacements their lines.

    A replacement of which any line breaks a check is rejected as a whole.

    Args:
        events: the columns of bronze.sales_events.
        profile: the meaning of the values.

    Returns:
        ``records.PARSED``; the lines of a replacement bear its record's key.
    """
    may_be = may_replace(events)
    parsed = [parse(events.filter(pc.invert(may_be)), profile)]
    for event in events.filter(may_be).to_pylist():
        found = replacement(event)
        if found is None:
            parsed.append(parse(pa.Table.from_pylist([event], EVENTS), profile))
        else:
            parsed.append(judged(event, line_events(event, found), profile))
    return pa.concat_tables(parsed)


def replacement(event: Row) -> Row | None:
    """Read a replacement; None where the record is none. A faulty one has no lines."""
    record = read_object(event["value"])
    is_one = record is not None and str(record.get("op")).lower() == "replace"
    return record if is_one else None


def line_events(event: Row, record: Row) -> list[Row] | None:
    """Write the lines of a replacement as records; None where it is not complete."""
    lines = record.get("lines")
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        return None
    if replaced_day(event, record) is None:
        return None
    whole = {name: record[name] for name in ("shop_id", "date", "updated_at")}
    return [{**event, "value": json.dumps({**line, **whole}).encode()} for line in lines]


def replaced_day(event: Row, record: Row) -> Row | None:
    """Return the row of silver.replaced_days; None where the replacement does not say it."""
    shop, day, stated = (record.get(name) for name in ("shop_id", "date", "updated_at"))
    read = date_reader(ISO)(str(day))
    version = timestamp(str(stated))
    shop_id = plausible_id(shop) if isinstance(shop, str) else None
    if shop_id is None or read is None or version is None:
        return None
    # With lines, the checks of records name what is wrong.
    if not record.get("lines") and not can_be_version(version, read, event["ingested_at"]):
        return None
    place = {name: event[name] for name in RECORD_KEY}
    return {
        "shop_id": shop_id,
        "date": read,
        "month": read.replace(day=1),
        "updated_at": version,
        **place,
    }


def judged(event: Row, lines: list[Row] | None, profile: Profile) -> pa.Table:
    """Parse the lines of a replacement, or reject it as a whole."""
    parsed = parse(pa.Table.from_pylist(lines or [], EVENTS), profile)
    broken = parsed.filter(pc.field("outcome") == REJECTED)
    if lines is not None and not len(broken):
        return parsed
    reasons = {reason for some in broken["reasons"].to_pylist() for reason in some}
    row = {**event, "outcome": REJECTED, "reasons": sorted(reasons) or [INCOMPLETE]}
    rejected = dict.fromkeys(PARSED.names) | row | {"is_named": False, "is_cancelled": False}
    return pa.Table.from_pylist([rejected], PARSED)


def take_in_days(lake: Lake, events: pa.Table, parsed: pa.Table) -> None:
    """Keep which shop-days were replaced, before their lines go to silver.

    Args:
        lake: where the tables are.
        events: records, among them perhaps replacements.
        parsed: what ``read_all`` made of them; of rejected replacements nothing is kept.
    """
    failed = parsed.filter(pc.field("outcome") == REJECTED).select(list(RECORD_KEY))
    broken = {tuple(row.values()) for row in failed.to_pylist()}
    days = []
    for event in events.filter(may_replace(events)).to_pylist():
        record = replacement(event)
        if record is not None and tuple(event[name] for name in RECORD_KEY) not in broken:
            days.append(replaced_day(event, record))
    if days:
        rows = pa.Table.from_pylist(days, REPLACED_DAYS.schema)
        unique = newest(rows, REPLACED_DAYS.key, ORDER)
        upsert_rows(lake, REPLACED_DAYS, unique, newer(INCOMING, STORED, ORDER))


def cancel_replaced(lake: Lake, months: Sequence[date]) -> int:
    """Cancel the live sales of months that are older than a replacement of their shop-day.

    Args:
        lake: where the tables are.
        months: in which sales or replacements may be new.

    Returns:
        How many were cancelled.
    """
    if not months or not log.exists(lake, REPLACED_DAYS):
        return 0
    days = read_table(lake, REPLACED_DAYS, filters=[("month", "in", list(months))])
    if not len(days):
        return 0
    wanted = [LIVE, ("month", "in", list(months)), ("date", "in", pc.unique(days["date"]))]
    sales = read_table(lake, DAILY_SALES, filters=wanted)
    by_day = {(row["shop_id"], row["date"]): version(row) for row in days.to_pylist()}
    is_older = [
        version(row) < by_day.get((row["shop_id"], row["date"]), NO_VERSION)
        for row in sales.select(["shop_id", "date", *ORDER]).to_pylist()
    ]
    gone = sales.filter(pa.array(is_older, pa.bool_()))
    if len(gone):
        at = gone.column_names.index("is_cancelled")
        gone = gone.set_column(at, gone.schema.field(at), pa.repeat(True, len(gone)))
        upsert_rows(lake, DAILY_SALES, gone, SAME_VERSION, months)
    return len(gone)


def version(row: Row) -> tuple[Any, ...]:
    """Return a row's version, comparable."""
    return tuple(row[name] for name in ORDER)


# Before every version.
NO_VERSION: tuple[Any, ...] = ()
