"""Spines: which pairs a target month asks features for, and what is known of their ids."""

from datetime import date

import pyarrow as pa
import pytest
from meanings import UNCLIPPED

from features.compute import compute
from features.group import FeatureGroup
from features.groups import feature_groups
from features.spine import (
    Spine,
    active_items,
    active_shops,
    every_pair,
    given_pairs,
    sold_in,
)
from features.tables import monthly_table
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.profile.profile import Forecast

GROUPS = {group.name: group for group in feature_groups(UNCLIPPED)}
SHOPS = pa.table({"shop_id": ["6", "5"], "city": ["Riga", "Oslo"]})
ITEMS = pa.table({"item_id": ["1", "2", "3"], "category_id": ["40", "55", "40"]})
CATALOGUE = (SHOPS, ITEMS)
MONTH = date(2015, 11, 1)


def rows(spine: Spine) -> list[tuple[str, ...]]:
    columns = (spine.column(name).to_pylist() for name in ("shop_id", "item_id", "category_id"))
    return list(zip(*columns, strict=True))


def ids(*values: str) -> pa.Array:
    return pa.array(values, pa.string())


def pairs(*values: tuple[str, str]) -> pa.Table:
    return pa.table(
        {"shop_id": ids(*(v[0] for v in values)), "item_id": ids(*(v[1] for v in values))}
    )


def test_every_pair_goes_item_by_item() -> None:
    assert rows(every_pair(ids("5", "6"), ids("3", "1"), CATALOGUE)) == [
        ("5", "3", "40"),
        ("6", "3", "40"),
        ("5", "1", "40"),
        ("6", "1", "40"),
    ]


@pytest.mark.parametrize(("shops", "items"), [((), ("1",)), (("5",), ()), ((), ())])
def test_no_shops_or_no_items_are_no_pairs(shops: tuple[str, ...], items: tuple[str, ...]) -> None:
    spine = every_pair(ids(*shops), ids(*items), CATALOGUE)
    assert len(spine) == 0
    assert rows(spine) == []


def test_given_pairs_keep_their_order() -> None:
    asked = (("6", "2"), ("5", "1"), ("6", "1"))
    assert rows(given_pairs(pairs(*asked), CATALOGUE)) == [
        ("6", "2", "55"),
        ("5", "1", "40"),
        ("6", "1", "40"),
    ]


def test_no_given_pairs_are_no_rows() -> None:
    assert rows(given_pairs(pairs(), CATALOGUE)) == []


def test_given_pairs_may_come_in_chunks() -> None:
    asked = pa.concat_tables([pairs(("6", "2")), pairs(), pairs(("5", "2"))])
    assert [row[:2] for row in rows(given_pairs(asked, CATALOGUE))] == [("6", "2"), ("5", "2")]


def test_an_item_that_the_catalogue_lacks_is_of_an_unknown_category() -> None:
    assert rows(given_pairs(pairs(("5", "new"), ("5", "2")), CATALOGUE)) == [
        ("5", "new", "unknown"),
        ("5", "2", "55"),
    ]
    nothing = [known.slice(0, 0) for known in CATALOGUE]
    assert rows(every_pair(ids("5"), ids("1"), nothing)) == [("5", "1", "unknown")]


def test_rows_have_the_attributes_of_their_shop_and_item() -> None:
    known = (SHOPS, ITEMS.append_column("type", pa.array(["Games", "Music", "unknown"])))
    spine = given_pairs(pairs(("6", "2"), ("5", "1"), ("new", "3"), ("6", "new")), known)
    assert spine.column("city").to_pylist() == ["Riga", "Oslo", "unknown", "Riga"]
    assert spine.column("type").to_pylist() == ["Music", "Games", "unknown", "unknown"]
    assert len(spine) == len(spine.column("type")) == 4


def test_a_spine_keeps_its_own_ids_when_it_gets_attributes() -> None:
    bare = every_pair(ids("5", "6"), ids("1"), ())
    attributed = bare.of(CATALOGUE)
    assert set(bare.ids) == set(bare.codes) == {"shop_id", "item_id"}
    assert set(attributed.ids) == {"shop_id", "item_id", "city", "category_id"}
    assert attributed.column("shop_id") == bare.column("shop_id")


def cells(group: FeatureGroup, **sales: int) -> pa.Table:
    """Make one cell per key, that many months before the target month; 0 sales if negative."""
    zeros = {measure.name: 0 for measure in group.measures}
    made = [
        {
            **zeros,
            group.keys[0]: key.removeprefix("_"),
            "month": plus_months(MONTH, -abs(back)),
            "sales": int(back > 0),
        }
        for key, back in sales.items()
    ]
    return pa.Table.from_pylist(made, monthly_table(group).schema)


def known(group: FeatureGroup, **sales: int) -> pa.Table:
    """Compute what is known at the target month of keys that last sold so many months before."""
    history = MonthRange(plus_months(MONTH, -24), plus_months(MONTH, -1))
    return next(compute(cells(group, **sales), history, [MONTH], group))


def test_the_grid_has_what_sold_in_the_month_itself() -> None:
    of_month = pa.table({"shop_id": ["7", "5", "6"], "sales": [1, 3, 0]})
    assert sold_in(of_month, "shop_id").to_pylist() == ["5", "7"]
    assert sold_in(of_month.slice(0, 0), "shop_id").to_pylist() == []


def test_a_shop_is_active_if_it_sold_within_the_rules_months() -> None:
    shops = known(GROUPS["shop"], _1=1, _2=2, _3=3)
    assert active_shops(shops, Forecast(shop_active_months=1)).to_pylist() == ["1"]
    assert active_shops(shops, Forecast(shop_active_months=2)).to_pylist() == ["1", "2"]


def test_an_item_is_active_if_it_sold_within_the_rules_months_or_is_new() -> None:
    items = known(GROUPS["item"], _1=1, _12=12, _13=13)
    rule = Forecast(item_active_months=12)
    assert active_items(items, ids(), rule).to_pylist() == ["1", "12"]
    assert active_items(items, ids("new", "1"), rule).to_pylist() == ["1", "12", "new"]


def test_a_lake_without_history_has_only_what_is_newly_listed() -> None:
    nothing = known(GROUPS["item"])
    assert active_items(nothing, ids("new"), Forecast()).to_pylist() == ["new"]
    assert active_shops(known(GROUPS["shop"]), Forecast()).to_pylist() == []
