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
from random_cells import table

from features import monthly
from features.compute import compute
from features.feature_set import TARGET, feature_set
from features.group import FeatureGroup
from features.panel import assemble
from features.spine import every_pair
from lakehouse.month_range import MonthRange
from lakehouse.profile import Clip
from lakehouse.types import PRICE, TEXT, UNITS

FOLDER = Path(__file__).parent
HISTORY = MonthRange(date(2014, 1, 1), date(2015, 2, 1))
FEATURES = feature_set(Clip(low=Decimal(0), high=Decimal(20)))
GROUPS = {group.name: group for group in FEATURES.groups}
CATALOGUE = pa.table({"item_id": ["1", "2", "3"], "category_id": ["40", "40", "55"]})
SHOPS = pa.table({"shop_id": ["5", "6", "60"], "alias_of": [None, None, "6"]})
DAY = {"shop_id": TEXT, "item_id": TEXT, "month": pa.date32(), "date": pa.date32()}


def lines(file: str) -> list[dict[str, str]]:
    with (FOLDER / file).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def cells(group: FeatureGroup) -> list[dict[str, Any]]:
    """Read a group's cells; a measure that came later than these tables is not in them."""
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
        {
            n: int(v) if n in ("sales", "pairs", "sale_days", "offer_days") else v
            for n, v in c.items()
        }
        for c in cells(group)
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
    return monthly.resolve_aliases(monthly.pair_days(sales, offers), SHOPS)


AMOUNTS = {"units": UNITS, "price": PRICE}


def test_daily_sales_become_the_cells() -> None:
    pair, *others = FEATURES.groups
    pairs = monthly.aggregate(days(), pair)
    above = monthly.with_category(pairs, CATALOGUE)
    tables = {pair.name: pairs, **{g.name: monthly.aggregate(above, g) for g in others}}
    for name, group in GROUPS.items():
        scales = {measure.name: measure.scale for measure in group.measures}
        wanted = cells(group)
        found = [
            {
                n: Decimal(v) / scales[n] if n in scales else v
                for n, v in row.items()
                if n in wanted[0]
            }
            for row in tables[name].to_pylist()
        ]
        order = (*group.keys, "month")
        assert sorted(found, key=lambda row: [row[n] for n in order]) == wanted


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
    spine = every_pair(pa.array(["5", "6"]), pa.array(["1", "2", "3"]), CATALOGUE)
    parts = {name: features(name, month) for name in GROUPS}
    rows = assemble(spine, month, parts, actuals, FEATURES).to_pylist()
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
    """A new group or statistic needs its lines in these tables: see README.md."""
    assert {line["group"] for line in lines("features.csv")} == GROUPS.keys()
    for name, group in GROUPS.items():
        asked = {line["feature"] for line in lines("features.csv") if line["group"] == name}
        suffixes = {feature.suffix for feature in group.features}
        assert asked - {"row"} <= suffixes
        statistics = {f.suffix: f.statistic.name for f in group.features}
        assert {statistics[s] for s in asked - {"row"}} == set(statistics.values()), name
