"""Parser of catalogue records: JSON bytes to shops, items and categories."""

import re
from typing import Any

import pyarrow as pa

from ingestion.files.sources import entity_fields
from ingestion.json_records import read_records
from lakehouse.profile.date_format import date_reader
from lakehouse.profile.lists import Attribute, Entity
from lakehouse.profile.profile import Profile
from lakehouse.tables.bronze import RECORD_KEY
from lakehouse.tables.silver import UNKNOWN
from lakehouse.values import clean_text, plausible_id

IDS = frozenset({"shop_id", "item_id", "category_id", "alias_of"})

# Fields of a record or a row by name; the record is a JSON object.
Record = dict[str, Any]
Records = dict[str, Record]


def latest_records(events: pa.Table, entity: Entity, id_name: str) -> tuple[Records, int]:
    """Read catalogue records and keep the last record of each id.

    Args:
        events: rows of bronze.catalogue_events, of one entity.
        entity: the profile's section that declares the fields of the records.
        id_name: name of the id field, such as ``shop_id``.

    Returns:
        By id, the cleaned fields and ``updated_at``, the time of reception; and the number of
        records left out, which are no JSON object or have no plausible id.
    """
    order = [("received_at", "ascending"), *((name, "ascending") for name in RECORD_KEY)]
    ordered = events.sort_by(order)
    fields, _ = read_records(ordered["value"].combine_chunks(), list(entity_fields(entity)))
    records: Records = {}
    left_out = 0
    for texts, received_at in zip(
        fields.to_pylist(), ordered["received_at"].to_pylist(), strict=True
    ):
        record = {name: read_field(name, text) for name, text in texts.items()}
        if record[id_name] is None:
            left_out += 1
        else:
            records[str(record[id_name])] = {**record, "updated_at": received_at}
    return records, left_out


def read_field(name: str, text: str | None) -> str | None:
    """Return a field's cleaned text; None where the text is empty or an implausible id."""
    return plausible_id(text) if name in IDS else clean_text(text or "")


def attributes(record: Record, entity: Entity) -> list[tuple[str, str]]:
    """Derive the attributes of a record as ``(name, value)``, sorted by name; empty values drop."""
    field_of = {column: name for name, column in entity_fields(entity).items()}
    values = {
        name: captured(attribute, record[field_of[attribute.column]])
        for name, attribute in entity.attributes.items()
    }
    return [(name, value) for name, value in sorted(values.items()) if value]


def captured(attribute: Attribute, text: str | None) -> str | None:
    """Return the part of a column's text that an attribute's pattern captures; None if no match."""
    if text is None or attribute.pattern is None:
        return text
    match = re.search(attribute.pattern, text)
    return match[1] if match else None


def shop_rows(records: Records, profile: Profile) -> list[Record]:
    """Build rows of silver.shops, with a row for each alias of the profile, even if unlisted.

    Args:
        records: the listed shops, by id.
        profile: the profile that declares aliases and attributes.
    """
    aliases = profile.shops.aliases
    times = [record["updated_at"] for record in records.values()]
    unlisted = {alias: {"updated_at": max(times)} for alias in aliases if alias not in records}
    return [
        {
            "shop_id": shop_id,
            "name": record.get("name"),
            "alias_of": aliases.get(shop_id),
            "attributes": attributes(record, profile.shops) if shop_id in records else [],
            "updated_at": record["updated_at"],
        }
        for shop_id, record in {**records, **unlisted}.items()
    ]


def item_rows(records: Records, categories: Records, profile: Profile) -> list[Record]:
    """Build rows of silver.items, with the attributes of item and category.

    Args:
        records: the listed items, by id.
        categories: the listed categories, by id.
        profile: the profile that declares attributes and the format of dates.
    """
    read_date = date_reader(profile.sales.date_format)
    of_category = {
        category_id: attributes(record, profile.categories) if profile.categories else []
        for category_id, record in categories.items()
    }
    return [
        {
            "item_id": item_id,
            "name": record.get("name"),
            "category_id": (category := record.get("category_id") or UNKNOWN),
            "category_name": categories.get(category, {}).get("name"),
            "listed_on": read_date(record.get("listed_on") or ""),
            "attributes": merged(of_category.get(category, []), attributes(record, profile.items)),
            "updated_at": record["updated_at"],
        }
        for item_id, record in records.items()
    ]


def merged(*attributes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Merge lists of attributes, sorted by name; for the same name, the later list wins."""
    return sorted({name: value for pairs in attributes for name, value in pairs}.items())
