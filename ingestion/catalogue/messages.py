"""Catalogue messages: changes of shops and items received while the lake is in use."""

from collections.abc import Iterable

import pyarrow as pa

from ingestion.catalogue.intake import upsert_changed
from ingestion.catalogue.records import Record, Records, item_rows, read_field, shop_rows
from ingestion.files.sources import entity_fields
from ingestion.json_records import read_object
from lakehouse.delta.arrow import read_table
from lakehouse.delta.upserts import upsert_rows
from lakehouse.lake import Lake
from lakehouse.profile.lists import Entity
from lakehouse.profile.profile import Profile
from lakehouse.tables.bronze import RECORD_KEY, REJECTED_SALES
from lakehouse.tables.silver import ITEMS, SHOPS
from lakehouse.values import CLOCKS_APART, plausible_id, timestamp

# Entity of a row of bronze.catalogue_events that may list shops and items.
MESSAGE = "message"
MALFORMED = "catalogue_malformed"
ORDER = ("updated_at", *RECORD_KEY)


def merge_messages(lake: Lake, events: pa.Table, profile: Profile) -> int:
    """Merge messages into silver.shops and silver.items; the newest record of each id stays.

    A message is a JSON object with ``updated_at`` and lists ``shops`` and ``items``, of which one
    may be missing. Any other value goes to bronze.rejected_sales. Memory holds the messages.

    Args:
        lake: the lake that has the tables.
        events: rows of bronze.catalogue_events whose entity is ``MESSAGE``.
        profile: the profile that declares aliases and attributes.

    Returns:
        The number of shops and items that changed.
    """
    rows = events.to_pylist()
    messages = [(row, read_message(row["value"])) for row in rows]
    reject(lake, [row for row, message in messages if message is None])
    valid = [add_order(message, row) for row, message in messages if message is not None]
    shops = newest_records(valid, "shops", "shop_id", profile.shops)
    items = newest_records(valid, "items", "item_id", profile.items)
    changed = 0
    if shops:
        changed += upsert_changed(lake, SHOPS, with_aliases(shops, shop_rows(shops, profile)))
    if items:
        categories = read_categories(lake, items, profile)
        changed += upsert_changed(lake, ITEMS, item_rows(items, categories, profile))
    return changed


def add_order(message: Record, row: Record) -> Record:
    """Add ``order`` to a message; an ``updated_at`` in the future becomes the ingestion time.

    A message from the future would otherwise win over every later message.
    """
    is_past = message["updated_at"] <= row["ingested_at"] + CLOCKS_APART
    version = message["updated_at"] if is_past else row["ingested_at"]
    order = tuple({**row, "updated_at": version}[name] for name in ORDER)
    return {**message, "updated_at": version, "order": order}


def read_message(value: bytes | None) -> Record | None:
    """Read a catalogue message; None where the value is not a valid message."""
    message = read_object(value)
    if message is None:
        return None
    stated = timestamp(str(message.get("updated_at")))
    lists = [message.get(name) or [] for name in ("shops", "items")]
    is_fine = stated is not None and any(lists) and all(map(is_list_of_records, lists))
    ids = [("shop_id", lists[0]), ("item_id", lists[1])]
    has_ids = is_fine and all(is_id(record.get(key)) for key, some in ids for record in some)
    return {"updated_at": stated, "shops": lists[0], "items": lists[1]} if has_ids else None


def is_list_of_records(value: object) -> bool:
    """Return whether a JSON value is a list of objects."""
    return isinstance(value, list) and all(isinstance(record, dict) for record in value)


def is_id(value: object) -> bool:
    """Return whether a JSON value is a plausible id."""
    return isinstance(value, str) and plausible_id(value) is not None


def newest_records(messages: Iterable[Record], name: str, key: str, entity: Entity) -> Records:
    """Return each id's newest record from messages, with fields as texts under the list's names."""
    records: Records = {}
    fields = {
        **dict.fromkeys(entity_fields(entity)),
        "name": None,
        "category_id": None,
        "listed_on": None,
        "category_name": None,
        "alias_of": None,
    }
    for message in sorted(messages, key=lambda message: message["order"]):
        for record in message[name]:
            texts = {field: as_text(field, record.get(field)) for field in fields}
            records[str(texts[key])] = {**texts, "updated_at": message["updated_at"]}
    return records


def as_text(name: str, value: object) -> str | None:
    """Return a field as ``read_field`` does; None where the JSON value is no text."""
    return read_field(name, value) if isinstance(value, str) else None


def with_aliases(records: Records, rows: list[Record]) -> list[Record]:
    """Keep rows of shops in ``records``; a message's ``alias_of`` overrides the profile's."""
    return [
        {**row, "alias_of": records[row["shop_id"]]["alias_of"] or row["alias_of"]}
        for row in rows
        if row["shop_id"] in records
    ]


def read_categories(lake: Lake, items: Records, profile: Profile) -> Records:
    """Return the categories of items, with names from the items, else from silver.items."""
    ids = list({item["category_id"] for item in items.values()} - {None})
    filters = [("category_id", "in", ids)]
    stored = read_table(lake, ITEMS, ["category_id", "category_name"], filters)
    each = stored.group_by("category_id").aggregate([("category_name", "max")]).to_pylist()
    names = {row["category_id"]: row["category_name_max"] for row in each}
    names |= {i["category_id"]: i["category_name"] for i in items.values() if i["category_name"]}
    fields = entity_fields(profile.categories) if profile.categories else {}
    return {
        category: {**dict.fromkeys(fields), "category_id": category, "name": name}
        for category, name in names.items()
        if category
    }


def reject(lake: Lake, rows: list[Record]) -> None:
    """Upsert invalid messages into bronze.rejected_sales with the reason ``MALFORMED``."""
    if rows:
        kept = [{**row, "reasons": [MALFORMED]} for row in rows]
        upsert_rows(lake, REJECTED_SALES, pa.Table.from_pylist(kept, REJECTED_SALES.schema))
