"""Each group is joined to the panel on its own key; the target is 0 or not known."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from meanings import UNCLIPPED

from features.compute import compute
from features.feature_set import TARGET, feature_set, panel_table
from features.group import FeatureGroup
from features.neighbour import with_neighbours
from features.panel import PanelColumns, assemble
from features.ratio import Ratio
from features.spine import Spine, given_pairs
from features.tables import features_table, monthly_table
from lakehouse.month_range import MonthRange
from lakehouse.types import FEATURE

FEATURES = feature_set(UNCLIPPED)
GROUPS = {group.name: group for group in FEATURES.groups}
HISTORY = MonthRange(date(2015, 8, 1), date(2015, 10, 1))
MONTH = date(2015, 11, 1)
ITEMS = pa.table(
    {
        "item_id": ["1", "2", "3"],
        "category_id": ["40", "40", "55"],
        "type": ["Games", "Games", "Music"],
        "subtype": ["PS3", "PS4", "CD"],
        "franchise": ["Alpha", "Alpha", "Beta"],
    }
)
# Shop 7 is new in Riga. By name item 2 is between 3 and 1.
CATALOGUE = (
    pa.table({"shop_id": ["5", "6", "7"], "city": ["Riga", "Oslo", "Riga"]}),
    with_neighbours(
        ITEMS,
        pa.chunked_array([["Tetris III", "Tetris II", "Tetris"]]),
        pa.chunked_array([["1", "3"]]),
    ),
)
# In October shop 5 sold 3 of item 1, and shop 6 sold 4 of item 3; nobody ever sold item 2.
CELLS: Mapping[str, list[dict[str, Any]]] = {
    "shop_item": [
        {"shop_id": "5", "item_id": "1", "target": 3},
        {"shop_id": "6", "item_id": "3", "target": 4},
    ],
    "item": [{"item_id": "1", "target": 3}, {"item_id": "3", "target": 4}],
    "shop": [{"shop_id": "5", "target": 3}, {"shop_id": "6", "target": 4}],
    "category": [{"category_id": "40", "target": 3}, {"category_id": "55", "target": 4}],
    "shop_category": [
        {"shop_id": "5", "category_id": "40", "target": 3},
        {"shop_id": "6", "category_id": "55", "target": 4},
    ],
    "item_city": [
        {"city": "Riga", "item_id": "1", "target": 3},
        {"city": "Oslo", "item_id": "3", "target": 4},
    ],
    "category_age": [
        {"item_age": "0", "category_id": "40", "target": 3},
        {"item_age": "1", "category_id": "55", "target": 4},
    ],
    "shop_category_age": [
        {"item_age": "0", "shop_id": "5", "category_id": "40", "target": 3},
        {"item_age": "1", "shop_id": "6", "category_id": "55", "target": 4},
    ],
    "franchise_age": [
        {"item_age": "0", "franchise": "Alpha", "target": 3},
        {"item_age": "1", "franchise": "Beta", "target": 4},
    ],
    "subtype_age": [
        {"item_age": "0", "subtype": "PS3", "target": 3},
        {"item_age": "1", "subtype": "CD", "target": 4},
    ],
    "type_age": [{"item_age": "1", "type": "Music", "target": 4}],
    "city": [{"city": "Riga", "target": 3}, {"city": "Oslo", "target": 4}],
    "type": [{"type": "Games", "target": 3}, {"type": "Music", "target": 4}],
    "subtype": [{"subtype": "PS3", "target": 3}, {"subtype": "CD", "target": 4}],
    "franchise": [{"franchise": "Alpha", "target": 3}, {"franchise": "Beta", "target": 4}],
}
LAG = "{}_target_lag_1"


def cells(group: FeatureGroup, rows: list[dict[str, Any]]) -> pa.Table:
    zeros = {measure.name: 0 for measure in group.measures}
    made = [
        {**zeros, "month": HISTORY.last, "sales": 1, "sold_share": 1, "pairs": 1, **row}
        for row in rows
    ]
    return pa.Table.from_pylist(made, monthly_table(group).schema)


def parts() -> dict[str, pa.Table]:
    return {
        name: next(compute(cells(GROUPS[name], CELLS[name]), HISTORY, [MONTH], GROUPS[name]))
        for name in CELLS
    }


def spine(*pairs: tuple[str, str]) -> Spine:
    columns = [pa.array([pair[i] for pair in pairs], pa.string()) for i in (0, 1)]
    return given_pairs(pa.table(columns, names=["shop_id", "item_id"]), CATALOGUE)


def panel(*pairs: tuple[str, str], actuals: pa.Table | None = None) -> list[dict[str, Any]]:
    return assemble(spine(*pairs), MONTH, PanelColumns(FEATURES, parts()), actuals).to_pylist()


def lags(row: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: row[LAG.format(name)] for name in CELLS}


def test_an_item_new_in_a_shop_has_the_history_of_item_category_and_shop() -> None:
    (row,) = panel(("6", "1"))
    assert lags(row) == {
        "shop_item": None,
        "item": 3,
        "shop": 4,
        "category": 3,
        "shop_category": None,
        "item_city": None,
        "category_age": None,
        "shop_category_age": None,
        "franchise_age": None,
        "subtype_age": None,
        "type_age": None,
        "city": 4,
        "type": 3,
        "subtype": 3,
        "franchise": 3,
    }


def test_an_item_that_nobody_sold_has_the_history_of_its_category_and_shop() -> None:
    (row,) = panel(("5", "2"))
    assert lags(row) == {
        "shop_item": None,
        "item": None,
        "shop": 3,
        "category": 3,
        "shop_category": 3,
        "item_city": None,
        "category_age": 3,
        "shop_category_age": 3,
        "franchise_age": 3,
        "subtype_age": None,
        "type_age": None,
        "city": 3,
        "type": 3,
        "subtype": None,
        "franchise": 3,
    }


def test_a_new_shop_has_the_history_of_its_city() -> None:
    sold, new = panel(("7", "1"), ("7", "3"))
    assert (sold["shop_target_lag_1"], sold["city_target_lag_1"]) == (None, 3)
    assert (sold["item_city_target_lag_1"], new["item_city_target_lag_1"]) == (3, None)


def test_a_pair_with_history_has_all_of_it() -> None:
    (row,) = panel(("6", "3"))
    assert lags(row) == dict.fromkeys(CELLS, 4)


def test_where_nothing_is_known_everything_but_the_calendar_is_null() -> None:
    (row,) = panel(("new", "new"))
    calendar = {feature.name for feature in FEATURES.calendar}
    assert {name for name in FEATURES.names if row[name] is not None} == calendar
    assert row["category_id"] == "unknown"


def test_a_new_item_has_the_history_of_its_neighbours_by_name() -> None:
    rows = {row["item_id"]: row for row in panel(("5", "1"), ("5", "2"), ("5", "3"))}
    beside = {
        item: (row["item_before_target_lag_1"], row["item_after_target_lag_1"])
        for item, row in rows.items()
    }
    assert beside == {"3": (None, 3), "2": (4, 3), "1": (4, None)}


def test_rows_come_in_the_order_of_the_spine() -> None:
    asked = [("6", "3"), ("5", "2"), ("6", "1"), ("5", "1")]
    rows = panel(*asked)
    assert [(row["shop_id"], row["item_id"]) for row in rows] == asked
    assert [row["shop_target_lag_1"] for row in rows] == [4, 3, 4, 3]


def test_the_columns_are_those_of_the_panels_table() -> None:
    for name in ("assortment", "grid"):
        found = assemble(spine(("5", "1")), MONTH, PanelColumns(FEATURES, parts()), None)
        table = panel_table(FEATURES, name)
        assert tuple(found.column_names) == table.names
        assert found.cast(table.schema).schema.equals(table.schema)


def test_a_spine_without_rows_is_a_panel_without_rows() -> None:
    found = assemble(spine(), MONTH, PanelColumns(FEATURES, parts()), None)
    assert found.num_rows == 0
    assert tuple(found.column_names) == panel_table(FEATURES, "grid").names


def test_groups_without_any_rows_are_null() -> None:
    empty = {name: features_table(group).schema.empty_table() for name, group in GROUPS.items()}
    (row,) = assemble(spine(("5", "1")), MONTH, PanelColumns(FEATURES, empty), None).to_pylist()
    assert lags(row) == dict.fromkeys(CELLS)


ACTUALS = [{"shop_id": "5", "item_id": "1", "target": Decimal("2.5")}]


@pytest.mark.parametrize("dictionaries", [False, True], ids=["plain", "dictionary"])
def test_a_pair_without_a_sale_in_a_closed_month_has_target_0(dictionaries: bool) -> None:
    actuals = cells(GROUPS["shop_item"], ACTUALS).select(["shop_id", "item_id", TARGET])
    for at, name in enumerate(["shop_id", "item_id"] if dictionaries else []):
        actuals = actuals.set_column(at, name, actuals[name].dictionary_encode())
    rows = panel(("5", "2"), ("5", "1"), ("new", "1"), actuals=actuals)
    assert [row[TARGET] for row in rows] == [0, 2.5, 0]


def test_a_closed_month_without_any_sale_has_targets_0() -> None:
    nothing = cells(GROUPS["shop_item"], []).select(["shop_id", "item_id", TARGET])
    assert [row[TARGET] for row in panel(("5", "1"), actuals=nothing)] == [0]


def test_the_target_of_an_open_month_is_not_known() -> None:
    assert [row[TARGET] for row in panel(("5", "1"), ("6", "3"))] == [None, None]


def test_a_ratio_divides_features_of_groups_with_other_keys() -> None:
    (row,) = panel(("6", "3"))
    assert row["item_per_pair_1"] == 4
    assert row["pair_share"] == 1
    (new,) = panel(("6", "1"))
    assert new["pair_share"] is None


def test_a_ratio_divides_ratios_declared_before_it() -> None:
    level = Ratio("level", "item_per_pair_1", "category_per_pair_1", "")
    features = replace(FEATURES, ratios=(*FEATURES.ratios, level))
    known = parts()
    doubled = pa.array([6.0, 8.0], FEATURE)
    at = known["item"].column_names.index("item_target_lag_1")
    known["item"] = known["item"].set_column(at, "item_target_lag_1", doubled)
    asked = spine(("5", "1"), ("5", "2"))
    rows = assemble(asked, MONTH, PanelColumns(features, known), None).to_pylist()
    assert [row["level"] for row in rows] == [2, None]
