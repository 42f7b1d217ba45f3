"""assemble equals a loop that looks up each group by its own key, on random parts."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from naive_features import naive_features
from naive_panel import naive_panel
from random_cells import IDS, RandomCells, histories, random_cells

from features.compute import compute
from features.feature_set import TARGET, FeatureSet, feature_set, panel_table
from features.panel import assemble
from features.spine import Spine, every_pair, given_pairs
from lakehouse.month_range import MonthRange, plus_months

FEATURES = feature_set(None)
EXAMPLES = settings(
    deadline=None,
    database=None,
    max_examples=40,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
CATEGORIES = (*IDS, "40")


def catalogue(categories: Mapping[str, str]) -> pa.Table:
    columns = [list(categories), list(categories.values())]
    return pa.table([pa.array(c, pa.string()) for c in columns], names=["item_id", "category_id"])


@st.composite
def spines(draw: st.DrawFn, categories: Mapping[str, str]) -> tuple[Spine, list[tuple[str, str]]]:
    """Draw pairs as a grid, or as a list in any order."""
    some = st.lists(st.sampled_from((*IDS, "new")), unique=True)
    shops, items = draw(some), draw(some)
    if draw(st.booleans()):
        ids = pa.array(shops, pa.string()), pa.array(items, pa.string())
        pairs = [(shop, item) for item in items for shop in shops]
        return every_pair(*ids, catalogue(categories)), pairs
    pairs = draw(st.permutations([(shop, item) for shop in shops for item in items]))
    columns = [pa.array([pair[i] for pair in pairs], pa.string()) for i in (0, 1)]
    asked = pa.table(columns, names=["shop_id", "item_id"])
    return given_pairs(asked, catalogue(categories)), pairs


def parts(
    cells: Mapping[str, RandomCells], history: MonthRange, month: Any, features: FeatureSet
) -> dict[str, pa.Table]:
    return {
        group.name: next(compute(cells[group.name].table, history, [month], group))
        for group in features.groups
    }


def assert_panel_equals_oracle(features: FeatureSet, data: st.DataObject) -> None:
    """Assemble with some features, compare with the loop over the declared ones."""
    history = data.draw(histories())
    month = data.draw(st.sampled_from([*history, plus_months(history.last, 1)]))
    categories = data.draw(st.dictionaries(st.sampled_from(IDS), st.sampled_from(CATEGORIES)))
    spine, pairs = data.draw(spines(categories))
    cells = {g.name: data.draw(random_cells(g, history)) for g in FEATURES.groups}
    pair_cells = [c for c in cells["shop_item"].cells if c["month"] == month]
    closed = data.draw(st.booleans())
    of_month = RandomCells(FEATURES.groups[0], history, tuple(pair_cells)).table
    panel = assemble(
        spine,
        month,
        parts(cells, history, month, features),
        of_month.select(["shop_id", "item_id", TARGET]) if closed else None,
        features,
    )
    wanted = naive_panel(
        pairs,
        categories,
        month,
        {g.name: naive_features(cells[g.name].cells, history, month, g) for g in FEATURES.groups},
        {(c["shop_id"], c["item_id"]): c[TARGET] for c in pair_cells} if closed else None,
        FEATURES,
    )
    assert panel.column_names == list(panel_table(features, "assortment").names)
    assert panel.to_pylist() == wanted


def test_the_panel_equals_the_loop() -> None:
    @EXAMPLES
    @given(st.data())
    def run(data: st.DataObject) -> None:
        assert_panel_equals_oracle(FEATURES, data)

    run()


def test_the_oracle_catches_groups_joined_through_the_pair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Public solutions do this, and lose what is known of an item that is new in a shop."""
    import features.panel

    own = features.panel.rows_of

    def through_the_pair(spine: Spine, part: pa.Table, keys: tuple[str, ...]) -> Any:
        found = own(spine, part, keys)
        if keys == ("shop_id", "item_id"):
            through_the_pair.known = found  # type: ignore[attr-defined]
        found[through_the_pair.known < 0] = -1  # type: ignore[attr-defined]
        return found

    monkeypatch.setattr(features.panel, "rows_of", through_the_pair)

    @settings(EXAMPLES, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        assert_panel_equals_oracle(FEATURES, data)

    with pytest.raises(AssertionError):
        run()
