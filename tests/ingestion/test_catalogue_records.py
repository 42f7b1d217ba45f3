import json
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from builders import MIDNIGHT, events, profile
from lakes import rows

from ingestion.catalogue.intake import parse_catalogue
from ingestion.catalogue.messages import merge_messages
from ingestion.catalogue.records import captured
from lakehouse.lake import Lake
from lakehouse.profile.lists import Attribute
from lakehouse.profile.profile import Profile, load_profile
from lakehouse.tables.silver import SHOPS
from lakehouse.types import TIMESTAMP


def listed(*records: dict[str, Any] | bytes) -> pa.Table:
    return events(*(r if isinstance(r, bytes) else json.dumps(r).encode() for r in records))


def lists(**changed: pa.Table) -> dict[str, pa.Table]:
    shops = listed({"shop_id": "1", "name": "Ashbourne Mall"})
    items = listed({"item_id": "10", "name": "Lamp", "category_id": "5"})
    categories = listed({"category_id": "5", "name": "Home - Light"})
    return {"shops": shops, "items": items, "categories": categories, **changed}


def test_attributes_are_what_the_profiles_patterns_take() -> None:
    catalogue = parse_catalogue(lists(), profile())
    assert catalogue.shops == [
        {
            "shop_id": "1",
            "name": "Ashbourne Mall",
            "alias_of": None,
            "attributes": [("city", "Ashbourne")],
            "updated_at": MIDNIGHT,
        }
    ]
    assert catalogue.items == [
        {
            "item_id": "10",
            "name": "Lamp",
            "category_id": "5",
            "category_name": "Home - Light",
            "listed_on": None,
            "attributes": [("franchise", "Lamp"), ("subtype", "Light"), ("type", "Home")],
            "updated_at": MIDNIGHT,
        }
    ]


@pytest.mark.parametrize("category", [None, " ", "7"])
def test_an_item_without_a_known_category_has_none_of_its_attributes(category: str | None) -> None:
    items = listed({"item_id": "10", "category_id": category})
    (item,) = parse_catalogue(lists(items=items), profile()).items
    assert item["category_id"] == ("7" if category == "7" else "unknown")
    assert (item["category_name"], item["attributes"]) == (None, [])


def test_of_records_with_one_id_the_last_counts() -> None:
    shops = listed({"shop_id": "1", "name": "Old"}, {"shop_id": " 1 ", "name": "New"})
    (shop,) = parse_catalogue(lists(shops=shops), profile()).shops
    assert shop["name"] == "New"


def test_records_without_an_id_are_counted_and_left_out() -> None:
    items = listed({"name": "Lamp"}, b"10,Lamp,5,x", {"item_id": "11"})
    catalogue = parse_catalogue(lists(items=items), profile())
    assert [item["item_id"] for item in catalogue.items] == ["11"]
    assert (catalogue.received, catalogue.rejected) == (5, 2)


def with_aliases(**aliases: str) -> Profile:
    shipped = profile().model_dump(mode="json", exclude_none=True)
    return Profile.model_validate({**shipped, "shops": {**shipped["shops"], "aliases": aliases}})


def test_aliases_name_the_shop_that_they_stand_for_listed_or_not() -> None:
    meaning = with_aliases(**{"0": "1", "1b": "1"})
    shops = listed({"shop_id": "0", "name": "Old"}, {"shop_id": "1", "name": "New"})
    found = parse_catalogue(lists(shops=shops), meaning).shops
    assert [(shop["shop_id"], shop["alias_of"]) for shop in found] == [
        ("0", "1"),
        ("1", None),
        ("1b", "1"),
    ]


@pytest.mark.parametrize(
    ("pattern", "text", "value"),
    [(None, "a b", "a b"), (r"^(\S+)", "a b", "a"), (r"(\d+)", "a", None), (r"(x)?a", "a", None)],
)
def test_a_pattern_takes_its_group(pattern: str | None, text: str, value: str | None) -> None:
    assert captured(Attribute(column="c", pattern=pattern), text) == value


def test_1c_categories_have_a_type_and_perhaps_a_subtype() -> None:
    names = ["Кино - DVD", "Карты оплаты (Кино, Музыка, Игры)", "Элементы питания"]
    categories = listed(*({"category_id": str(i), "name": n} for i, n in enumerate(names)))
    items = listed(*({"item_id": str(i), "category_id": str(i)} for i in range(3)))
    found = parse_catalogue(lists(items=items, categories=categories), load_profile("1c")).items
    assert [dict(item["attributes"]) for item in found] == [
        {"type": "Кино", "subtype": "DVD"},
        {"type": "Карты оплаты"},
        {"type": "Элементы питания"},
    ]


def test_a_message_from_the_future_is_of_its_ingestion_and_a_later_one_counts(lake: Lake) -> None:
    def message(name: str, updated_at: str, offset: int) -> pa.Table:
        shops = [{"shop_id": "1", "name": name}]
        value = json.dumps({"updated_at": updated_at, "shops": shops}).encode()
        received = events(value, offsets=[offset])
        at = pa.array([MIDNIGHT + timedelta(offset)], TIMESTAMP)
        place = received.column_names.index("ingested_at")
        return received.set_column(place, "ingested_at", at)

    merge_messages(lake, message("Wrong", "2051-01-01", 0), profile())
    assert rows(lake, SHOPS, "name", "updated_at") == [("Wrong", MIDNIGHT)]
    merge_messages(lake, message("Right", "2020-01-02", 1), profile())
    assert rows(lake, SHOPS, "name") == [("Right",)]
