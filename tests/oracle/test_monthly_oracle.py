"""Monthly cells equal a dictionary of daily sales; so do the features after them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from meanings import meaning
from naive_cells import MEASURES, Cells, naive_cells, pair_months
from naive_features import naive_features

from feature_store.age_groups import split_by_age
from features import monthly, own_ids
from features.ages import first_sales, with_age
from features.attributes import with_attributes
from features.compute import compute
from features.group import FeatureGroup
from features.groups import feature_groups
from features.measure import stored_form
from features.tables import monthly_table
from lakehouse.month_range import MonthRange
from lakehouse.profile.profile import Clip
from lakehouse.types import PRICE, TEXT, UNITS

CLIP = Clip(low=Decimal(0), high=Decimal(20))
FIRST, DAYS = date(2014, 10, 3), 150
ALIASES = {"0": "57"}
# Shop 57 and item 9 are not in the catalogue; 3 has no franchise.
SHOPS = {"5": {"city": "A"}, "6": {"city": "A"}, "0": {"city": "B"}}
ITEMS = {
    "1": {"category_id": "40", "franchise": "X", "subtype": "PS3", "type": "Games"},
    "2": {"category_id": "40", "franchise": "Y", "subtype": "PS3", "type": "Games"},
    "3": {"category_id": "55", "franchise": "unknown", "subtype": "CD", "type": "Games"},
}
PAIR_DAY = {"shop_id": TEXT, "item_id": TEXT, "month": pa.date32(), "date": pa.date32()}
SALES = pa.schema({**PAIR_DAY, "units": UNITS, "price": PRICE})
# Exactly representable products and others; a tie of the fourth decimal is not among them.
PRICES = (*map(Decimal, ("0.01", "249.99", "3.333333", "99999", "12.5")), None)
UNITS_SOLD = tuple(map(Decimal, ("1", "1", "2", "-1", "0.125", "40")))


@dataclass(frozen=True)
class RandomSales:
    """Daily sales and offers of 4 shops (one an alias) and 4 items (one of each not listed)."""

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
        return naive_cells(months, SHOPS, ITEMS, group, clip)

    def days(self) -> pa.Table:
        sales = pa.Table.from_pylist(self.sales, SALES)
        offers = pa.Table.from_pylist(self.offers, pa.schema(PAIR_DAY))
        shops = texts(shop_id=ALIASES, alias_of=ALIASES.values())
        return own_ids.resolve_aliases(monthly.pair_days(sales, offers), shops)


def texts(**columns: Any) -> pa.Table:
    return pa.table({name: pa.array(list(column), TEXT) for name, column in columns.items()})


def entities() -> tuple[pa.Table, pa.Table]:
    """The catalogue as ``[id, *attributes]`` of shops and of items."""
    shops = texts(shop_id=SHOPS, city=[of["city"] for of in SHOPS.values()])
    names = next(iter(ITEMS.values()))
    return shops, texts(item_id=ITEMS, **{n: [of[n] for of in ITEMS.values()] for n in names})


def all_cells(sales: RandomSales, groups: Sequence[FeatureGroup]) -> dict[str, pa.Table]:
    (pair, *others), aged = split_by_age(groups)
    pairs = monthly.aggregate(sales.days(), pair)
    above = with_attributes(pairs, entities())
    cells = {pair.name: pairs, **{g.name: monthly.aggregate(above, g) for g in others}}
    whole = with_age(above, first_sales(cells["item"]))
    return cells | {group.name: monthly.aggregate(whole, group) for group in aged}


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
def tables(case: tuple[RandomSales, Clip | None]) -> dict[str, pa.Table]:
    sales, clip = case
    return all_cells(sales, feature_groups(meaning(clip)))


def test_cells_equal_the_dictionary(
    tables: dict[str, pa.Table], case: tuple[RandomSales, Clip | None]
) -> None:
    sales, clip = case
    for group in feature_groups(meaning(clip)):
        assert in_units(tables[group.name], group) == sales.cells(group, clip)


def test_cells_of_a_group_add_up_from_any_group_below(
    tables: dict[str, pa.Table], case: tuple[RandomSales, Clip | None]
) -> None:
    sales, clip = case
    _, *others = split_by_age(feature_groups(meaning(clip)))[0]
    steps = [(b, a) for b in others for a in others if is_below(b, a)]
    assert ("item_city", "city") in {(below.name, above.name) for below, above in steps}
    for below, above in steps:
        cells = monthly.aggregate(tables[below.name], above)
        assert in_units(cells, above) == sales.cells(above, clip)


def is_below(below: FeatureGroup, above: FeatureGroup) -> bool:
    """Say whether a group has what another is summed from."""
    measures = {measure.name for measure in below.measures}
    return set(above.keys) < set(below.keys) and {m.of for m in above.measures} <= measures


def test_cells_that_come_in_parts_add_up(
    tables: dict[str, pa.Table], case: tuple[RandomSales, Clip | None]
) -> None:
    sales, clip = case
    pair, *others = split_by_age(feature_groups(meaning(clip)))[0]
    for group in others:
        parts = [
            monthly.aggregate(with_attributes(part, entities()), group)
            for part in (tables[pair.name].slice(0, 40), tables[pair.name].slice(40))
        ]
        cells = monthly.aggregate(pa.concat_tables(parts), group)
        assert in_units(cells, group) == sales.cells(group, clip)


def test_the_order_of_sales_does_not_matter(
    tables: dict[str, pa.Table], case: tuple[RandomSales, Clip | None]
) -> None:
    sales, clip = case
    pair = feature_groups(meaning(clip))[0]
    days = sales.days()
    shuffled = days.take(np.random.default_rng(3).permutation(len(days)))
    cells = monthly.aggregate(shuffled, pair)
    assert in_units(cells, pair) == in_units(tables[pair.name], pair)


def test_stored_cells_come_back_as_they_were(
    tables: dict[str, pa.Table], case: tuple[RandomSales, Clip | None]
) -> None:
    for group in feature_groups(meaning(case[1])):
        whole = tables[group.name]
        stored = stored_form(whole, group.measures)
        kept = stored.select(list(monthly_table(group).names)).cast(monthly_table(group).schema)
        assert in_units(monthly.integer_form(kept, group), group) == in_units(whole, group)
        for measure in group.measures:
            values = [value * measure.scale for value in kept[measure.name].to_pylist()]
            assert values == whole[measure.name].to_pylist()


def test_features_of_the_cells_equal_the_loops(
    tables: dict[str, pa.Table], case: tuple[RandomSales, Clip | None]
) -> None:
    sales, clip = case
    history, month = MonthRange(FIRST.replace(day=1), date(2015, 3, 1)), date(2015, 2, 1)
    for group in feature_groups(meaning(clip)):
        names = (*group.keys, "month")
        cells = [
            {**dict(zip(names, at, strict=True)), **values}
            for at, values in sales.cells(group, clip).items()
        ]
        (part,) = compute(tables[group.name], history, [month], group)
        found = {
            tuple(row[name] for name in group.keys): {n: row[n] for n in group.columns}
            for row in part.to_pylist()
        }
        assert found == naive_features(cells, history, month, group)


def test_the_oracle_catches_offers_counted_as_sales(
    case: tuple[RandomSales, Clip | None],
) -> None:
    sales, clip = case
    pair = feature_groups(meaning(clip))[0]
    rows = sales.days()
    ones = pa.array(np.ones(len(rows), np.int64))
    wrong = rows.set_column(rows.column_names.index("sale"), "sale", ones)
    assert in_units(monthly.aggregate(wrong, pair), pair) != sales.cells(pair, clip)


def test_the_oracle_catches_sales_without_their_attributes(
    case: tuple[RandomSales, Clip | None],
) -> None:
    sales, clip = case
    pair, *others = split_by_age(feature_groups(meaning(clip)))[0]
    shops, items = entities()
    rows = with_attributes(monthly.aggregate(sales.days(), pair), (shops.slice(1), items.slice(1)))
    for group in others:
        is_wrong = in_units(monthly.aggregate(rows, group), group) != sales.cells(group, clip)
        assert is_wrong == (group.keys not in {("shop_id",), ("item_id",)})


def test_the_oracle_catches_ages_from_a_part_of_the_history(
    tables: dict[str, pa.Table], case: tuple[RandomSales, Clip | None]
) -> None:
    sales, clip = case
    items = tables["item"].filter(pc.greater(tables["item"]["month"], pa.scalar(FIRST)))
    pairs = with_attributes(tables["shop_item"], entities())
    after = pairs.filter(pc.greater(pairs["month"], pa.scalar(FIRST)))
    recent = with_age(after, first_sales(items))
    for group in split_by_age(feature_groups(meaning(clip)))[1]:
        found = in_units(monthly.aggregate(recent, group), group)
        wanted = sales.cells(group, clip)
        assert found != {at: cell for at, cell in wanted.items() if at[-1] > FIRST}


def test_no_sales_make_no_cells() -> None:
    days = monthly.pair_days(SALES.empty_table(), pa.schema(PAIR_DAY).empty_table())
    for group in split_by_age(feature_groups(meaning(CLIP)))[0]:
        rows = with_attributes(days, [table.slice(0, 0) for table in entities()])
        measures = {m.name: rows["units"] for m in group.measures if m.of not in rows.column_names}
        for name, column in measures.items():
            rows = rows.append_column(name, column)
        assert len(monthly.aggregate(rows, group)) == 0


def test_every_measure_has_its_loop() -> None:
    assert {
        m.name for group in feature_groups(meaning(CLIP)) for m in group.measures
    } <= MEASURES.keys()
