"""What a list says of a shop under several names is one answer, whatever the order of its rows."""

from datetime import date, datetime
from itertools import permutations
from typing import Any

import pyarrow as pa
import pytest

from features.input_feature import INPUT_FEATURES, InputFeature
from features.withdrawal import WITHDRAWALS
from lakehouse.tables.inputs import INPUTS

APRIL = date(2015, 4, 1)
FIRST, LATER = datetime(2015, 1, 1), datetime(2015, 2, 1)
SHOPS = pa.table({"shop_id": ["0", "00", "57", "5"], "alias_of": ["57", "57", None, None]})
FEATURES = {feature.name: feature for feature in INPUT_FEATURES}
CLOSED = WITHDRAWALS[0]


def answers(feature: InputFeature, *rows: dict[str, Any]) -> set[tuple[tuple[str, float], ...]]:
    """What a feature says of the shops, for every order of the rows."""
    table = feature.source.table
    schema = pa.schema([table.schema.field(name) for name in table.names if name != "month"])
    found = set()
    for ordered in permutations(rows):
        stored = [{**dict.fromkeys(schema.names), "item_id": "10", **row} for row in ordered]
        own = feature.of_shops(pa.Table.from_pylist(stored, schema), SHOPS)
        numbers = feature.value(own, APRIL).to_pylist()
        values = dict(zip(own["shop_id"].to_pylist(), numbers, strict=True))
        found.add(tuple(sorted((shop, round(value, 3)) for shop, value in values.items())))
    return found


def dates(shop: str, opened: date | None = None, closed: date | None = None) -> dict[str, Any]:
    return {"shop_id": shop, "opened_on": opened, "closed_on": closed, "updated_at": FIRST}


def share(shop: str, value: float, updated_at: datetime = FIRST) -> dict[str, Any]:
    return {"shop_id": shop, "share": value, "updated_at": updated_at}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([dates("0", closed=date(2015, 2, 28)), dates("57", date(2015, 3, 1))], 30),
        ([dates("0", closed=date(2015, 4, 10)), dates("57", date(2015, 4, 6))], 30),
        ([dates("0", closed=date(2015, 4, 5)), dates("57", date(2015, 4, 11))], 25),
        ([dates("0", closed=date(2015, 4, 5)), dates("00", closed=date(2015, 4, 9))], 9),
        ([dates("0", closed=date(2015, 3, 31))], 0),
    ],
)
def test_a_shop_is_open_on_the_days_of_all_its_names(
    rows: list[dict[str, Any]], expected: float
) -> None:
    other = dates("5", closed=date(2015, 4, 2))
    found = answers(FEATURES["shop_open_days"], *rows, other)
    assert found == {(("5", 2.0), ("57", float(expected)))}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([share("0", 1), share("57", 0.2)], 0.2),
        ([share("00", 0.9), share("0", 0.4)], 0.4),
        ([share("0", 1, LATER), share("57", 0.2), share("00", 0.3)], 1),
        ([share("0", 0.7)], 0.7),
    ],
)
def test_of_the_names_of_a_shop_the_newest_row_applies_and_then_its_own(
    rows: list[dict[str, Any]], expected: float
) -> None:
    found = answers(FEATURES["promotion_share"], *rows, share("5", 0.1))
    assert found == {(("5", 0.1), ("57", expected))}


def test_a_shop_has_closed_when_it_has_under_all_its_names() -> None:
    assert CLOSED.source == INPUTS["shop_dates"]
    before, later = date(2015, 3, 31), date(2015, 4, 1)
    for ends, is_gone in (([before], True), ([before, before], True), ([before, later], False),
                          ([before, None], False), ([None], False)):  # fmt: skip
        rows = pa.table({"shop_id": ["57"] * len(ends), "closed_on": pa.array(ends, pa.date32())})
        assert CLOSED.gone(rows, APRIL).to_pylist() == ["57"] * is_gone
