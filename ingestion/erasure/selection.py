"""Selection of records for an erasure: records to delete, and records to shorten."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.catalogue.messages import MESSAGE
from ingestion.json_records import read_object
from ingestion.sales.records import parse, typed
from ingestion.sales.replacements import EVENTS, line_events, may_replace, read_replacement
from lakehouse.profile.profile import Profile
from lakehouse.tables.inputs import INPUTS
from lakehouse.types import TEXT
from lakehouse.values import clean_id

Row = dict[str, Any]
# Entities of rows of bronze.catalogue_events that may name a shop.
OF_SHOPS = ("shops", MESSAGE, *(i.name for i in INPUTS.values() if "shop_id" in i.keys))


@dataclass(frozen=True)
class ErasureRequest:
    """The request of an erasure: ids of shops, with aliases, and ids of sales."""

    shops: pa.Array
    sales: pa.Array

    def names(self, shops: pa.Array, sales: pa.Array) -> pa.Array:
        """Return whether each row has one of the requested shops or sales.

        Args:
            shops: shop ids of the rows, null where unknown.
            sales: sale ids of the rows, null where unknown.
        """
        return pc.or_(pc.is_in(shops, self.shops), pc.is_in(sales, self.sales))


@dataclass(frozen=True)
class Selection:
    """The records that an erasure deletes or shortens.

    Attributes:
        gone: records to delete.
        cut: records to shorten, with the shortened ``value``.
        unattributed: number of records that stay because they name neither a shop nor a sale.
    """

    gone: pa.Table
    cut: pa.Table
    unattributed: int = 0


def select_sales(events: pa.Table, request: ErasureRequest, profile: Profile) -> Selection:
    """Select rows of bronze.sales_events or bronze.rejected_sales to delete or shorten.

    From a replacement of another shop's day, only the lines of requested sales are removed.

    Args:
        events: the columns of bronze.sales_events, and perhaps more.
        request: the shops and sales to erase.
        profile: the profile that describes the records.
    """
    may_be = may_replace(events)
    read = [(event, read_replacement(event)) for event in events.filter(may_be).to_pylist()]
    none = pa.Table.from_pylist([event for event, record in read if record is None], events.schema)
    plain = pa.concat_tables([events.filter(pc.invert(may_be)), none])
    shops, sales = read_ids(plain, profile)
    is_gone = request.names(shops, sales)
    is_unknown = pc.and_(pc.is_null(shops), pc.is_null(sales))
    replacements = [(event, record) for event, record in read if record is not None]
    shortened = shorten(
        replacements,
        lambda event, record: without_sales(event, record, request, profile),
        events.schema,
    )
    gone = pa.concat_tables([plain.filter(is_gone), shortened.gone])
    return Selection(gone, shortened.cut, pc.sum(is_unknown).as_py() or 0)


def select_catalogue(events: pa.Table, request: ErasureRequest) -> Selection:
    """Select rows of bronze.catalogue_events to delete or shorten.

    From a message about several shops, only the requested shops are removed.

    Args:
        events: the columns of bronze.catalogue_events.
        request: the shops and sales to erase.
    """
    of_shops = events.filter(pc.is_in(events["entity"], pa.array(OF_SHOPS)))
    read = [(event, read_object(event["value"])) for event in of_shops.to_pylist()]
    shops = frozenset(request.shops.to_pylist())
    records = [(event, record) for event, record in read if record is not None]
    return shorten(records, lambda _, record: without_shops(record, shops), events.schema)


def may_contain(events: pa.Table, texts: Sequence[str]) -> pa.Table:
    """Keep the records whose bytes may contain one of some texts.

    Parsing all records takes much longer. A parsed text can differ from the bytes only in records
    with a backslash, a character that is not ASCII or a number's exponent; these are kept too.
    """
    values = events["value"]
    is_candidate = pc.match_substring_regex(values, r"\\|[\x80-\xff]|[0-9][eE]")
    for text in texts:
        is_candidate = pc.or_(is_candidate, pc.match_substring(values, text))
    return events.filter(pc.fill_null(is_candidate, False))


def shorten(
    records: Sequence[tuple[Row, Row]], rest_of: Callable[[Row, Row], Row | None], schema: pa.Schema
) -> Selection:
    """Split records into records to delete and records to shorten.

    Args:
        records: rows of bronze, each with the parsed JSON object.
        rest_of: function that returns the part of a row's object that stays; None to delete the
            row.
        schema: the schema of the rows.
    """
    gone, changed = [], []
    for event, record in records:
        rest = rest_of(event, record)
        if rest is None:
            gone.append(event)
        elif rest != record:
            value = json.dumps(rest, ensure_ascii=False).encode()
            changed.append({**event, "value": value})
    return Selection(*(pa.Table.from_pylist(rows, schema) for rows in (gone, changed)))


def read_ids(events: pa.Table, profile: Profile) -> tuple[pa.Array, pa.Array]:
    """Return the shop and the sale of each record, null where unreadable."""
    received = events.select(EVENTS.names)
    records, texts = parse(received, profile), typed(received, profile)
    sales = pc.coalesce(records["sale_id"], texts["sale_id_text"])
    return records["shop_id"].combine_chunks(), sales.combine_chunks()


def without_sales(event: Row, record: Row, request: ErasureRequest, profile: Profile) -> Row | None:
    """Return a replacement without the lines of requested sales; None for a requested shop."""
    if is_of(record, frozenset(request.shops.to_pylist())):
        return None
    lines = line_events(event, record)
    if not lines:
        return record
    _, sales = read_ids(pa.Table.from_pylist(lines, EVENTS), profile)
    is_gone = pc.is_in(sales, request.sales).to_pylist()
    kept = [line for line, goes in zip(record["lines"], is_gone, strict=True) if not goes]
    return {**record, "lines": kept}


def without_shops(record: Row, shops: frozenset[str]) -> Row | None:
    """Return a catalogue record without the given shops; None where nothing else is left."""
    if is_of(record, shops):
        return None
    shop_records = record.get("shops")
    if not isinstance(shop_records, list):
        return record
    kept = [shop for shop in shop_records if not (isinstance(shop, dict) and is_of(shop, shops))]
    is_empty = not kept and bool(shop_records) and not record.get("items")
    return None if is_empty else {**record, "shops": kept}


def is_of(record: Row, shops: frozenset[str]) -> bool:
    """Return whether a record's ``shop_id`` is one of the given shops."""
    return clean_id(str(record.get("shop_id", ""))) in shops


def distinct_ids(texts: Sequence[str]) -> pa.Array:
    """Return distinct ids, both as given and cleaned like the ids in records."""
    return pa.array(sorted({*texts, *filter(None, map(clean_id, texts))}), TEXT)
