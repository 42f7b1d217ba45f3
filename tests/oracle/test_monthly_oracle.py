"""Monthly cells through Spark equal a dictionary of daily sales; so do the features after them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from naive_cells import MEASURES, Cells, naive_cells, pair_months
from naive_features import naive_features
from pyspark.sql import DataFrame, SparkSession
from random_cells import table

from features import monthly
from features.compute import compute
from features.group import FeatureGroup
from features.groups import feature_groups
from features.measure import stored_form
from features.tables import monthly_table
from lakehouse.month_range import MonthRange
from lakehouse.profile import Clip
from lakehouse.types import PRICE, REVENUE, TEXT, UNITS

CLIP = Clip(low=Decimal(0), high=Decimal(20))
FIRST, DAYS = date(2014, 10, 3), 150
ALIASES = {"0": "57"}
CATEGORIES = {"1": "40", "2": "40", "3": "55"}
PAIR_DAY = {"shop_id": TEXT, "item_id": TEXT, "month": pa.date32(), "date": pa.date32()}
SALES = pa.schema({**PAIR_DAY, "units": UNITS, "price": PRICE})
# Exactly representable products and others; a tie of the fourth decimal is not among them.
PRICES = (*map(Decimal, ("0.01", "249.99", "3.333333", "99999", "12.5")), None)
UNITS_SOLD = tuple(map(Decimal, ("1", "1", "2", "-1", "0.125", "40")))


@dataclass(frozen=True)
class RandomSales:
    """Daily sales and offers of 4 shops (one an alias) and 4 items (one not in the catalogue)."""

    seed: int

    def _rows(self, random: np.random.Generator, count: int) -> list[dict[str, Any]]:
        dates = [FIRST + timedelta(int(day)) for day in random.integers(0, DAYS, count)]
        return [
            {
                "shop_id": str(random.choice(["0", "5", "57", "6"])),
                "item_id": str(random.choice(["1", "2", "3", "9"])),
                "date": day,
                "month": day.replace(day=1),
            }
            for day in dates
        ]

    @cached_property
    def sales(self) -> list[dict[str, Any]]:
        random = np.random.default_rng(self.seed)
        return [
            {
                **row,
                "units": UNITS_SOLD[random.integers(len(UNITS_SOLD))],
                "price": PRICES[random.integers(len(PRICES))],
            }
            for row in self._rows(random, 150)
        ]

    @cached_property
    def offers(self) -> list[dict[str, Any]]:
        return self._rows(np.random.default_rng(self.seed + 1), 60)

    def cells(self, group: FeatureGroup, clip: Clip | None) -> Cells:
        months = pair_months(self.sales, self.offers, ALIASES)
        return naive_cells(months, CATEGORIES, group, clip)

    def days(self, spark: SparkSession) -> DataFrame:
        sales = pa.Table.from_pylist(self.sales, SALES)
        offers = pa.Table.from_pylist(self.offers, pa.schema(PAIR_DAY))
        days = monthly.pair_days(spark.createDataFrame(sales), spark.createDataFrame(offers))
        return monthly.resolve_aliases(
            days, texts(spark, shop_id=ALIASES, alias_of=ALIASES.values())
        )


def texts(spark: SparkSession, **columns: Any) -> DataFrame:
    return spark.createDataFrame(pa.table({n: pa.array(list(c), TEXT) for n, c in columns.items()}))


def all_cells(
    spark: SparkSession, sales: RandomSales, groups: Sequence[FeatureGroup]
) -> dict[str, DataFrame]:
    pair, *others = groups
    pairs = monthly.aggregate(sales.days(spark), pair).cache()
    items = texts(spark, item_id=CATEGORIES, category_id=CATEGORIES.values())
    above = monthly.with_category(pairs, items)
    return {pair.name: pairs, **{g.name: monthly.aggregate(above, g).cache() for g in others}}


def in_units(cells: pa.Table, group: FeatureGroup) -> Cells:
    """Read cells in integer form as (*key, month) → measure → exact value."""
    assert set(cells.column_names) == {*group.keys, "month", *(m.name for m in group.measures)}
    found = {
        (*(row[name] for name in group.keys), row["month"]): {
            m.name: Decimal(row[m.name]) / m.scale for m in group.measures
        }
        for row in cells.to_pylist()
    }
    assert len(found) == len(cells), "a cell came twice"
    return found


@pytest.fixture(scope="module", params=[(1, CLIP), (2, None)], ids=["clipped", "unclipped"])
def case(request: pytest.FixtureRequest) -> tuple[RandomSales, Clip | None]:
    seed, clip = request.param
    return RandomSales(seed), clip


@pytest.fixture(scope="module")
def frames(spark: SparkSession, case: tuple[RandomSales, Clip | None]) -> dict[str, DataFrame]:
    sales, clip = case
    return all_cells(spark, sales, feature_groups(clip))


def test_cells_equal_the_dictionary(
    frames: dict[str, DataFrame], case: tuple[RandomSales, Clip | None]
) -> None:
    sales, clip = case
    for group in feature_groups(clip):
        assert in_units(frames[group.name].toArrow(), group) == sales.cells(group, clip)


def test_cells_of_a_group_add_up_from_any_group_below(
    frames: dict[str, DataFrame], case: tuple[RandomSales, Clip | None]
) -> None:
    sales, clip = case
    _, *others = feature_groups(clip)
    steps = [(b, a) for b in others for a in others if set(a.keys) < set(b.keys)]
    assert steps
    for below, above in steps:
        cells = monthly.aggregate(frames[below.name], above).toArrow()
        assert in_units(cells, above) == sales.cells(above, clip)


def test_the_order_of_sales_and_the_partitions_do_not_matter(
    spark: SparkSession, frames: dict[str, DataFrame], case: tuple[RandomSales, Clip | None]
) -> None:
    sales, clip = case
    pair = feature_groups(clip)[0]
    shuffled = sales.days(spark).repartition(5).orderBy("units", "date")
    cells = monthly.aggregate(shuffled, pair).toArrow()
    assert in_units(cells, pair) == in_units(frames[pair.name].toArrow(), pair)


def test_stored_cells_come_back_as_they_were(
    spark: SparkSession, frames: dict[str, DataFrame], case: tuple[RandomSales, Clip | None]
) -> None:
    for group in feature_groups(case[1]):
        whole = frames[group.name].toArrow()
        (stored,) = stored_form(whole, group.measures)
        kept = stored.select(list(monthly_table(group).names)).cast(monthly_table(group).schema)
        again = monthly.integer_form(spark.createDataFrame(kept), group).toArrow()
        assert in_units(again, group) == in_units(whole, group)
        for measure in group.measures:
            values = [value * measure.scale for value in kept[measure.name].to_pylist()]
            assert values == whole[measure.name].to_pylist()


def test_great_amounts_come_back_from_the_table_exactly(spark: SparkSession) -> None:
    """DOUBLE brings every amount below 2**51 in integer form back: 225 billion of the currency."""
    group = feature_groups(None)[1]
    random = np.random.default_rng(4)
    amounts = [2**51 - 1, -(2**51) + 1, *map(int, random.integers(-(2**51), 2**51, 500))]
    cells = table(group, [{"item_id": str(i), "month": FIRST} for i in range(len(amounts))])
    at = cells.column_names.index("revenue")
    decimals = pa.array([Decimal(amount).scaleb(-4) for amount in amounts], REVENUE)
    stored = cells.set_column(at, "revenue", decimals)
    whole = monthly.integer_form(spark.createDataFrame(stored), group).toArrow()
    assert whole["revenue"].to_pylist() == amounts


def test_features_of_sparks_cells_equal_the_loops(
    frames: dict[str, DataFrame], case: tuple[RandomSales, Clip | None]
) -> None:
    sales, clip = case
    history, month = MonthRange(FIRST.replace(day=1), date(2015, 3, 1)), date(2015, 2, 1)
    for group in feature_groups(clip):
        names = (*group.keys, "month")
        cells = [
            {**dict(zip(names, at, strict=True)), **values}
            for at, values in sales.cells(group, clip).items()
        ]
        (part,) = compute(frames[group.name].toArrow(), history, [month], group)
        found = {
            tuple(row[name] for name in group.keys): {n: row[n] for n in group.columns}
            for row in part.to_pylist()
        }
        assert found == naive_features(cells, history, month, group)


def test_the_oracle_catches_offers_counted_as_sales(
    spark: SparkSession, case: tuple[RandomSales, Clip | None]
) -> None:
    sales, clip = case
    pair = feature_groups(clip)[0]
    measures = tuple(replace(m, sql="count(*)") if m.name == "sales" else m for m in pair.measures)
    cells = monthly.aggregate(sales.days(spark), replace(pair, measures=measures)).toArrow()
    assert in_units(cells, pair) != sales.cells(pair, clip)


def test_every_measure_has_its_loop() -> None:
    assert {m.name for group in feature_groups(CLIP) for m in group.measures} <= MEASURES.keys()
