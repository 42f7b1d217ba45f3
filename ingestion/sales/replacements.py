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
from ingestion.sales.records import PARSED, REJECTED, parse, rejected
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

# A record or a row by field; values are those of JSON or of a table's columns.
Row = dict[str, Any]
# Values of ``RECORD_KEY``.
Key = tuple[object, ...]


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
    is_candidate = may_replace(events)
    candidates = events["value"].combine_chunks().filter(is_candidate)
    fields, _ = read_records(candidates, ("op",))
    ops = pc.utf8_lower(each(fields["op"].combine_chunks(), clean_text, TEXT))
    is_replacement = pc.fill_null(pc.equal(ops, REPLACE), False)
    return pc.replace_with_mask(is_candidate, is_candidate, is_replacement)


def read_all(events: pa.Table, profile: Profile) -> pa.Table:
    """Parse records of bronze.sales_events, and each replacement as the lines it lists.

    If any line of a replacement breaks a check, the whole replacement is rejected.

    Args:
        events: the columns of bronze.sales_events.
        profile: the profile that describes the records.

    Returns:
        ``records.PARSED``; the lines of a replacement carry the key of the replacement's record.
    """
    is_replacement = are_replacements(events)
    others = parse(events.filter(pc.invert(is_replacement)), profile)
    replacements = events.filter(is_replacement).to_pylist()
    return pa.concat_tables([others, *read_lines(replacements, profile)])


def read_lines(replacements: Sequence[Row], profile: Profile) -> Iterator[pa.Table]:
    """Parse the lines of replacements; reject a replacement with a line that breaks a check."""
    if not replacements:
        return
    lines_of = [line_events(event, read_replacement(event) or {}) for event in replacements]
    lines = [line for of_event in lines_of for line in of_event or []]
    parsed = parse(pa.Table.from_pylist(lines, EVENTS), profile)
    reasons: dict[Key, set[str]] = {
        key_of(event): {INCOMPLETE}
        for event, of_event in zip(replacements, lines_of, strict=True)
        if of_event is None
    }
    for row in rejected(parsed).to_pylist():
        reasons.setdefault(key_of(row), set()).update(row["reasons"])
    yield parsed.filter(pa.array([key_of(line) not in reasons for line in lines], pa.bool_()))
    failed = [event for event in replacements if key_of(event) in reasons]
    yield pa.Table.from_pylist([as_rejected(e, reasons[key_of(e)]) for e in failed], PARSED)


def as_rejected(event: Row, reasons: set[str]) -> Row:
    """Return a rejected replacement as a row of ``records.PARSED``."""
    outcome = {"outcome": REJECTED, "reasons": sorted(reasons)}
    flags = {"is_named": False, "is_cancelled": False}
    return dict.fromkeys(PARSED.names) | event | outcome | flags


def key_of(row: Row) -> Key:
    """Return a record's values of ``RECORD_KEY``."""
    return tuple(row[name] for name in RECORD_KEY)


def read_replacement(event: Row) -> Row | None:
    """Read a record of bronze.sales_events as a replacement; None if ``op`` is not replace."""
    record = read_object(event["value"])
    operation = clean_text(str(record.get("op"))) if record is not None else None
    is_replacement = operation is not None and operation.lower() == REPLACE
    return record if is_replacement else None


def line_events(event: Row, record: Row) -> list[Row] | None:
    """Write a replacement's lines as records; None where a required field is missing or wrong."""
    lines = record.get("lines")
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        return None
    if replaced_day(event, record) is None:
        return None
    common = {name: record[name] for name in ("shop_id", "date", "updated_at")}
    return [{**event, "value": json.dumps({**line, **common}).encode()} for line in lines]


def replaced_day(event: Row, record: Row) -> Row | None:
    """Return a replacement's row of silver.replaced_days; None if shop, date or time is wrong."""
    shop, stated_date, stated = (record.get(n) for n in ("shop_id", "date", "updated_at"))
    day = date_reader(ISO)(str(stated_date))
    version = timestamp(str(stated))
    shop_id = plausible_id(shop) if isinstance(shop, str) else None
    if shop_id is None or day is None or version is None:
        return None
    # If there are lines, the checks of their records name what is wrong.
    if not record.get("lines") and not can_be_version(version, day, event["ingested_at"]):
        return None
    key = {name: event[name] for name in RECORD_KEY}
    return {
        "shop_id": shop_id,
        "date": day,
        "month": day.replace(day=1),
        "updated_at": version,
        **key,
    }
