"""Attributes of the catalogue become columns; what it does not say is unknown."""

import pyarrow as pa
import pytest
from meanings import UNCLIPPED

from features.attributes import Attributes, flatten_attributes, lookup, with_attributes
from lakehouse.types import TEXT

MAP = pa.map_(TEXT, TEXT)
MAPS = pa.array([[("city", "Riga"), ("type", "mall")], [("type", "")], [], None], MAP)
SHOPS = pa.table({"shop_id": ["1", "2", "3", "4"], "attributes": MAPS})
CITIES = pa.table({"shop_id": ["1", "2"], "city": ["Riga", "Oslo"]})
CATEGORIES = pa.table({"item_id": ["7", "8"], "category_id": ["40", "55"], "type": ["A", "B"]})


def texts(*values: str) -> pa.Array:
    return pa.array(values, TEXT)


def test_a_profiles_attributes_are_those_of_shops_items_and_categories_in_order() -> None:
    items = ("category_id", "franchise", "subtype", "type")
    assert Attributes.of(UNCLIPPED) == Attributes(("city",), items)


def test_items_and_their_categories_may_have_an_attribute_of_one_name() -> None:
    categories = UNCLIPPED.categories
    assert categories
    items = UNCLIPPED.items.model_copy(update={"attributes": categories.attributes})
    profile = UNCLIPPED.model_copy(update={"items": items})
    assert Attributes.of(profile).item == ("category_id", "subtype", "type")


def test_without_a_list_of_categories_an_item_has_its_own_attributes() -> None:
    profile = UNCLIPPED.model_copy(update={"categories": None})
    assert Attributes.of(profile).item == ("category_id", "franchise")


@pytest.mark.parametrize("chunks", [1, 2], ids=["a chunk", "chunks"])
def test_a_map_is_looked_up_row_by_row(chunks: int) -> None:
    maps = pa.chunked_array([MAPS] if chunks == 1 else [MAPS[:1], MAPS[:0], MAPS[1:]], MAP)
    assert lookup(maps, "city").to_pylist() == ["Riga", None, None, None]
    assert lookup(maps, "type").to_pylist() == ["mall", "", None, None]
    assert lookup(maps, "none such").to_pylist() == [None] * 4


def test_no_maps_have_no_values() -> None:
    assert lookup(pa.chunked_array([], MAP), "city").to_pylist() == []


def test_flattened_rows_say_unknown_where_there_is_no_value() -> None:
    flat = Attributes(("city", "type"), ()).shops(SHOPS)
    assert flat.schema.equals(pa.schema({"shop_id": TEXT, "city": TEXT, "type": TEXT}))
    assert flat["city"].to_pylist() == ["Riga", "unknown", "unknown", "unknown"]
    assert flat["type"].to_pylist() == ["mall", "", "unknown", "unknown"]


def test_a_column_of_the_catalogue_is_taken_as_it_is() -> None:
    rows = pa.table(
        {
            "item_id": texts("1", "2").dictionary_encode(),
            "category_id": pa.array(["40", None], TEXT),
            "attributes": pa.array([[("type", "A")], []], MAP),
        }
    )
    assert Attributes((), ("category_id", "type")).items(rows).to_pylist() == [
        {"item_id": "1", "category_id": "40", "type": "A"},
        {"item_id": "2", "category_id": "unknown", "type": "unknown"},
    ]


def test_an_empty_catalogue_is_flat_too() -> None:
    flat = flatten_attributes(SHOPS.slice(0, 0), "shop_id", ("city",))
    assert (len(flat), flat.column_names) == (0, ["shop_id", "city"])


@pytest.mark.parametrize("is_encoded", [False, True], ids=["plain", "dictionary"])
def test_each_row_gets_what_is_known_of_its_shop_and_item(is_encoded: bool) -> None:
    shops, items = texts("2", "1", "9", "2"), texts("8", "7", "7", "9")
    ids = [column.dictionary_encode() if is_encoded else column for column in (shops, items)]
    rows = pa.table({"shop_id": ids[0], "item_id": ids[1], "units": [1, 2, 3, 4]})
    found = with_attributes(rows, (CITIES, CATEGORIES))
    assert found.column_names == [*rows.column_names, "city", "category_id", "type"]
    assert found["units"].to_pylist() == [1, 2, 3, 4]
    assert found["city"].to_pylist() == ["Oslo", "Riga", "unknown", "Oslo"]
    assert found["category_id"].to_pylist() == ["55", "40", "40", "unknown"]
    assert found["type"].to_pylist() == ["B", "A", "A", "unknown"]


def test_rows_in_chunks_get_what_is_known_of_each() -> None:
    rows = pa.table({"shop_id": ["1", "2"], "item_id": ["7", "8"]})
    chunks = pa.concat_tables([rows.slice(1), rows.slice(0, 0), rows])
    assert with_attributes(chunks, [CITIES])["city"].to_pylist() == ["Oslo", "Riga", "Oslo"]


def test_no_rows_get_columns_and_an_empty_catalogue_knows_nothing() -> None:
    rows = pa.table({"shop_id": texts("1"), "item_id": texts("7")})
    none = with_attributes(rows.slice(0, 0), (CITIES, CATEGORIES))
    assert (len(none), none.column_names[2:]) == (0, ["city", "category_id", "type"])
    assert with_attributes(rows, [CITIES.slice(0, 0)])["city"].to_pylist() == ["unknown"]
