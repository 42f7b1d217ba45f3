"""Look-ups of pairs take memory by the pairs, not by the shops times the items."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from meanings import UNCLIPPED
from peaks import peak_bytes

from features import panel
from features.feature_set import TARGET, feature_set
from features.panel import PanelColumns, assemble, rows_of
from features.spine import given_pairs
from features.tables import features_table

FEATURES = feature_set(UNCLIPPED)
KEYS = ("shop_id", "item_id")


def diagonal(pairs: int) -> pa.Table:
    """As many shops and items as there are pairs: of a thousand pairs a million could be."""
    return pa.table({name: pa.array([str(n) for n in range(pairs)]) for name in KEYS})


def looked_up(pairs: int) -> np.ndarray:
    stored = diagonal(pairs)
    spine = given_pairs(stored.slice(pairs // 2), ())
    return rows_of(spine, stored, KEYS)


def test_ten_times_the_pairs_take_ten_times_the_memory_not_a_hundred_times() -> None:
    few, many = (peak_bytes(lambda count=count: looked_up(count)) for count in (2_000, 20_000))
    assert many < 15 * few, (few, many)
    assert many < 20_000 * 1_000


@pytest.mark.parametrize("most", [0, 1 << 40], ids=["searched", "laid out"])
def test_rows_are_found_in_either_way(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(panel, "SPARSE", most)
    random = np.random.default_rng(3)
    shops, items = (random.permutation([str(n) for n in range(count)]) for count in (7, 40))
    places = random.choice(280, 90, replace=False)
    stored = pa.table({"shop_id": shops[places // 40], "item_id": items[places % 40]})
    asked = pa.table(
        {
            "shop_id": [*shops[random.integers(0, 7, 500)], "new"],
            "item_id": [*items[random.integers(0, 40, 500)], "1"],
        }
    )
    at = {pair: n for n, pair in enumerate(zip(*stored.to_pydict().values(), strict=True))}
    wanted = [at.get(pair, -1) for pair in zip(*asked.to_pydict().values(), strict=True)]
    assert rows_of(given_pairs(asked, ()), stored, KEYS).tolist() == wanted
    assert rows_of(given_pairs(asked, ()), stored.slice(0, 0), KEYS).tolist() == [-1] * 501
    assert rows_of(given_pairs(asked.slice(0, 0), ()), stored, KEYS).tolist() == []


def unlisted(key: str, *attributes: str) -> pa.Table:
    """A catalogue without entries."""
    return pa.table({name: pa.array([], pa.string()) for name in (key, *attributes)})


def test_a_panel_of_pairs_that_share_nothing_takes_the_memory_of_its_rows() -> None:
    """A table of all combinations would take 3.2 GB."""
    known = {g.name: features_table(g).schema.empty_table() for g in FEATURES.groups}
    beside = {neighbour.side for neighbour in FEATURES.neighbours}
    items = unlisted("item_id", *FEATURES.attributes.item, *sorted(beside))
    spine = given_pairs(diagonal(20_000), (unlisted("shop_id", *FEATURES.attributes.shop), items))
    one = {"shop_id": ["7"], "item_id": ["7"], TARGET: pa.array([2], pa.decimal128(18, 3))}
    columns, actuals = PanelColumns(FEATURES, known), pa.table(one)
    month = date(2015, 1, 1)
    assert peak_bytes(lambda: assemble(spine, month, columns, actuals)) < 20_000 * 5_000
