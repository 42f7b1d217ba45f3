"""Neighbours: the items before and after each in the order of names, then of counted ids."""

import pyarrow as pa
import pytest

from features.neighbour import with_neighbours
from lakehouse.types import TEXT


def beside(
    new: tuple[str, ...] = (), **names: str | None
) -> dict[str, tuple[str | None, str | None]]:
    """Neighbours of items by name; all but the new ones have sold."""
    items = pa.table({"item_id": pa.array([item.removeprefix("_") for item in names], TEXT)})
    sold = pa.chunked_array([[one for one in items["item_id"].to_pylist() if one not in new]], TEXT)
    given = pa.chunked_array([pa.array(names.values(), TEXT)])
    rows = with_neighbours(items, given, sold).to_pylist()
    return {row["item_id"]: (row["item_before"], row["item_after"]) for row in rows}


def test_items_stand_in_the_order_of_their_names() -> None:
    assert beside(_7="Beta", _1="Gamma", _3="Alpha") == {
        "7": ("3", "1"),
        "1": ("7", None),
        "3": (None, "7"),
    }


def test_items_of_one_name_or_none_stand_in_the_order_of_counted_ids() -> None:
    assert beside(_10=None, _9=None, _2="A", _11=None) == {
        "9": (None, "10"),
        "10": ("9", "11"),
        "11": ("10", "2"),
        "2": ("11", None),
    }


@pytest.mark.parametrize("names", [{}, {"_1": "Alone"}])
def test_an_item_alone_has_no_neighbours(names: dict[str, str]) -> None:
    assert beside(**names) == dict.fromkeys((n.removeprefix("_") for n in names), (None, None))


def test_an_item_that_never_sold_is_no_neighbour_but_has_some() -> None:
    """So that what is listed later alters nothing before it sells."""
    assert beside(new=("2", "4"), _1="A", _2="B", _3="C", _4="D") == {
        "1": (None, "3"),
        "2": ("1", "3"),
        "3": ("1", None),
        "4": ("3", None),
    }


def test_the_rows_keep_their_order_and_their_columns() -> None:
    items = pa.table({"item_id": ["2", "1"], "type": ["x", "y"]})
    found = with_neighbours(items, pa.chunked_array([["B", "A"]]), items["item_id"])
    assert found.select(items.column_names) == items
