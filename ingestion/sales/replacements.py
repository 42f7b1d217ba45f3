"""Replacements: records that deliver a whole shop-day again, read as the lines they list.

``{"op": "replace", "shop_id": …, "date": …, "updated_at": …, "lines": [{item_id, units, price}]}``
Each line is a version of a sale. Sales of the shop-day that are older than the newest replacement
and not among its lines are cancelled, even if they arrive after the replacement.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.json_records import read_object, read_records
from ingestion.sales.records import PARSED, REJECTED, parse
from lakehouse.profile.date_format import ISO, date_reader
from lakehouse.profile.profile import Profile
from lakehouse.tables.bronze import RECEIVED, RECORD_KEY
from lakehouse.types import TEXT
from lakehouse.values import can_be_version, clean_text, each, plausible_id, timestamp

REPLACE = "replace"
INCOMPLETE = "replacement_incomplete"
EVENTS = pa.schema([column.field for column in RECEIVED])
# ``may_replace`` as a Spark condition on bronze.sales_events.
MAY_REPLACE = (
    f"contains(lower(CAST(value AS STRING)), '{REPLACE}') "
    "OR contains(CAST(value AS STRING), '\\\\')"
)

Row = dict[str, Any]


def may_replace(events: pa.Table) -> pa.Array:
    """Flag records that may be replacements, by a cheap search in their bytes.

    A replacement has the word ``replace`` in letters of either case or in JSON escapes. Among the
    flagged records, ``are_replacements`` decides by the field ``op``.
    """
    values = events["value"].combine_chunks()
    has_word = pc.match_substring(values, REPLACE, ignore_case=True)
    return pc.fill_null(pc.or_(has_word, pc.match_substring(values, "\\")), False)


def are_replacements(events: pa.Table) -> pa.Array:
    """Flag the records whose field ``op`` is replace."""
    may_be = may_replace(events)
    fields, _ = read_records(events["value"].combine_chunks().filter(may_be), ("op",))
    ops = pc.utf8_lower(each(fields["op"].combine_chunks(), clean_text, TEXT))
    return pc.replace_with_mask(may_be, may_be, pc.fill_null(pc.equal(ops, REPLACE), False))


def read_all(events: pa.Table, profile: Profile) -> pa.Table:
    """Parse records of bronze.sales_events, and each replacement as the lines it lists.

    If any line of a replacement breaks a check, the whole replacement is rejected.

    Args:
        events: the columns of bronze.sales_events.
        profile: the profile that describes the records.

    Returns:
        ``records.PARSED``; the lines of a replacement carry the key of the replacement's record.
    """
    is_one = are_replacements(events)
    others = parse(events.filter(pc.invert(is_one)), profile)
    return pa.concat_tables([others, *read_lines(events.filter(is_one).to_pylist(), profile)])


def read_lines(replacements: Sequence[Row], profile: Profile) -> Iterator[pa.Table]:
    """Parse the lines of replacements; reject a replacement with a line that breaks a check."""
    if not replacements:
        return
    lines = [line_events(event, replacement(event) or {}) for event in replacements]
    written = [line for of_one in lines for line in of_one or []]
    parsed = parse(pa.Table.from_pylist(written, EVENTS), profile)
    broken = parsed.filter(pc.field("outcome") == REJECTED).select([*RECORD_KEY, "reasons"])
    reasons: dict[tuple[Any, ...], set[str]] = {
        key_of(event): {INCOMPLETE}
        for event, of_one in zip(replacements, lines, strict=True)
        if of_one is None
    }
    for row in broken.to_pylist():
        reasons.setdefault(key_of(row), set()).update(row["reasons"])
    yield parsed.filter(pa.array([key_of(line) not in reasons for line in written], pa.bool_()))
    failed = [
        dict.fromkeys(PARSED.names)
        | {**event, "outcome": REJECTED, "reasons": sorted(reasons[key_of(event)])}
        | {"is_named": False, "is_cancelled": False}
        for event in replacements
        if key_of(event) in reasons
    ]
    yield pa.Table.from_pylist(failed, PARSED)


def key_of(row: Row) -> tuple[Any, ...]:
    """Return a record's values of ``RECORD_KEY``."""
    return tuple(row[name] for name in RECORD_KEY)


def replacement(event: Row) -> Row | None:
    """Read a record of bronze.sales_events as a replacement; None if ``op`` is not replace."""
    record = read_object(event["value"])
    operation = clean_text(str(record.get("op"))) if record is not None else None
    is_one = operation is not None and operation.lower() == REPLACE
    return record if is_one else None


def line_events(event: Row, record: Row) -> list[Row] | None:
    """Write a replacement's lines as records; None where a required field is missing or wrong."""
    lines = record.get("lines")
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        return None
    if replaced_day(event, record) is None:
        return None
    whole = {name: record[name] for name in ("shop_id", "date", "updated_at")}
    return [{**event, "value": json.dumps({**line, **whole}).encode()} for line in lines]


def replaced_day(event: Row, record: Row) -> Row | None:
    """Return a replacement's row of silver.replaced_days; None if shop, date or time is wrong."""
    shop, day, stated = (record.get(name) for name in ("shop_id", "date", "updated_at"))
    read = date_reader(ISO)(str(day))
    version = timestamp(str(stated))
    shop_id = plausible_id(shop) if isinstance(shop, str) else None
    if shop_id is None or read is None or version is None:
        return None
    # If there are lines, the checks of their records name what is wrong.
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
