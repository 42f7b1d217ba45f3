"""What the program makes of two shops and three items is what was worked out by hand."""

import csv
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from meanings import CLIPPED
from random_cells import table

from feature_store.age_groups import split_by_age
from features import monthly, own_ids
from features.ages import first_sales, with_age
from features.attributes import with_attributes
from features.compute import compute
from features.feature_set import TARGET, feature_set
from features.group import FeatureGroup
from features.neighbour import with_neighbours
from features.panel import PanelColumns, assemble
from features.spine import every_pair
from lakehouse.month_range import MonthRange
from lakehouse.types import PRICE, TEXT, UNITS

FOLDER = Path(__file__).parent
HISTORY = MonthRange(date(2014, 1, 1), date(2015, 2, 1))
FEATURES = feature_set(CLIPPED)
GROUPS = {group.name: group for group in FEATURES.groups}
ATTRIBUTES = pa.map_(TEXT, TEXT)
OF_40 = [("subtype", "PS3"), ("type", "Games")]
ITEMS = pa.table(
    {
        "item_id": ["1", "2", "3"],
        "name": ["Alpha 2", None, "Alpha 1"],
        "category_id": ["40", "40", "55"],
        "attributes": pa.array(
            [
                [("franchise", "Alpha"), *OF_40],
                OF_40,
                [("franchise", "Alpha"), ("type", "Music")],
            ],
            ATTRIBUTES,
        ),
    }
)
SHOPS = pa.table(
    {
        "shop_id": ["5", "6", "60"],
        "alias_of": [None, None, "6"],
        "attributes": pa.array([[("city", "Riga")], [("city", "Riga")], []], ATTRIBUTES),
    }
)
ENTITIES = FEATURES.attributes.shops(SHOPS), FEATURES.attributes.items(ITEMS)
EVERY = pa.chunked_array([["1", "2", "3"]])
IN_ORDER = with_neighbours(ENTITIES[1], ITEMS["name"], EVERY)
WHOLE = ("sales", "pairs", "sale_days", "offer_days")
DAY = {"shop_id": TEXT, "item_id": TEXT, "month": pa.date32(), "date": pa.date32()}


def lines(file: str) -> list[dict[str, str]]:
    with (FOLDER / file).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def cells(group: FeatureGroup) -> list[dict[str, Any]]:
    """Read a group's cells."""
    texts = (*group.keys, "month")
    return [
        {
            **{name: line[name] for name in group.keys},
            "month": date.fromisoformat(line["month"]),
            **{name: Decimal(line[name]) for name in line if name not in texts},
        }
        for line in lines(f"cells_{group.name}.csv")
    ]


@cache
def features(name: str, month: date) -> pa.Table:
    group = GROUPS[name]
    whole = [
        {name: int(value) if name in WHOLE else value for name, value in cell.items()}
        for cell in cells(group)
    ]
    return next(compute(table(group, whole), HISTORY, [month], group))


def single(value: str) -> float | None:
    """Round a value worked out as a fraction to the 32 bits of a feature."""
    return None if value == "null" else np.float32(float(Fraction(value))).item()


def days() -> pa.Table:
    """Read sales and offers as the tables have them."""

    def dated(file: str) -> Iterator[dict[str, Any]]:
        for line in lines(file):
            day = date.fromisoformat(line["date"])
            amounts = {n: Decimal(line[n]) if line[n] else None for n in line if n in AMOUNTS}
            yield {**line, **amounts, "date": day, "month": day.replace(day=1)}

    sales = pa.Table.from_pylist(list(dated("sales.csv")), pa.schema({**DAY, **AMOUNTS}))
    offers = pa.Table.from_pylist(list(dated("offers.csv")), pa.schema(DAY))
    return own_ids.resolve_aliases(monthly.pair_days(sales, offers), SHOPS)


AMOUNTS = {"units": UNITS, "price": PRICE}


def test_daily_sales_become_the_cells() -> None:
    (pair, *others), aged = split_by_age(FEATURES.groups)
    pairs = monthly.aggregate(days(), pair)
    above = with_attributes(pairs, ENTITIES)
    tables = {pair.name: pairs, **{g.name: monthly.aggregate(above, g) for g in others}}
    for name, found in tables.items():
        assert stored(found, GROUPS[name]) == cells(GROUPS[name])
    first = first_sales(tables["item"])
    items = with_attributes(tables["item"], ENTITIES[1:])
    for below in (with_age(above, first), with_age(items, first)):
        for group in aged:
            # What a shop sold is known from cells of pairs, not of items.
            if set(group.keys) <= set(below.column_names):
                assert stored(monthly.aggregate(below, group), group) == cells(group)


def stored(found: pa.Table, group: FeatureGroup) -> list[dict[str, Any]]:
    """Turn cells in integer form into what their files have, in that order."""
    scales = {measure.name: measure.scale for measure in group.measures}
    rows = [
        {n: Decimal(v) / scales[n] if n in scales else v for n, v in row.items()}
        for row in found.to_pylist()
    ]
    return sorted(rows, key=lambda row: [row[name] for name in (*group.keys, "month")])


@pytest.mark.parametrize(
    "line",
    lines("features.csv"),
    ids=lambda line: f"{line['group']}-{line['key']}-{line['month'][:7]}-{line['feature']}",
)
def test_a_feature_is_what_was_worked_out(line: dict[str, str]) -> None:
    part = features(line["group"], date.fromisoformat(line["month"]))
    keys = GROUPS[line["group"]].keys
    rows = {" ".join(row[name] for name in keys): row for row in part.to_pylist()}
    if line["feature"] == "row":
        assert line["key"] not in rows, line["working"]
    else:
        column = f"{line['group']}_{line['feature']}"
        assert rows[line["key"]][column] == single(line["value"]), line["working"]


@cache
def panel(month: date) -> dict[tuple[str, str], dict[str, Any]]:
    """Assemble every pair's row of a target month."""
    pair = GROUPS["shop_item"]
    of_month = [cell for cell in cells(pair) if cell["month"] == month]
    targets = [{n: cell[n] for n in (*pair.keys, TARGET)} | {"month": month} for cell in of_month]
    actuals = table(pair, targets).select([*pair.keys, TARGET]) if month in HISTORY else None
    spine = every_pair(pa.array(["5", "6"]), pa.array(["1", "2", "3"]), (ENTITIES[0], IN_ORDER))
    parts = {name: features(name, month) for name in GROUPS}
    rows = assemble(spine, month, PanelColumns(FEATURES, parts), actuals).to_pylist()
    return {(row["shop_id"], row["item_id"]): row for row in rows}


@pytest.mark.parametrize(
    "line",
    lines("panel.csv"),
    ids=lambda line: f"{line['month'][:7]}-{line['shop_id']}-{line['item_id']}-{line['column']}",
)
def test_a_panel_row_is_what_was_worked_out(line: dict[str, str]) -> None:
    row = panel(date.fromisoformat(line["month"]))[line["shop_id"], line["item_id"]]
    found = row[line["column"]]
    if line["column"] == "category_id":
        assert found == line["value"]
    else:
        # A ratio of two rounded features may differ from the exact one in the last bit.
        wanted = single(line["value"])
        assert found == (wanted if wanted is None else pytest.approx(wanted, rel=1e-6))


def test_the_tables_cover_every_group() -> None:
    """A new group, measure or statistic needs its lines in these tables: see README.md."""
    assert {line["group"] for line in lines("features.csv")} == GROUPS.keys()
    for name, group in GROUPS.items():
        asked = {line["feature"] for line in lines("features.csv") if line["group"] == name}
        declared = {feature.suffix: feature for feature in group.features}
        worked_out = [declared[suffix] for suffix in asked - {"row"}]
        for part in ("statistic", "measure"):
            covered = {getattr(feature, part) for feature in worked_out}
            assert covered == {getattr(feature, part) for feature in group.features}, (name, part)
