"""assemble equals a loop that looks up each group by its own key, on random parts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from meanings import UNCLIPPED
from naive_features import naive_features
from naive_panel import naive_panel
from random_cells import IDS, RandomCells, histories, random_cells

from features.compute import compute
from features.feature_set import TARGET, FeatureSet, feature_set, panel_table
from features.neighbour import with_neighbours
from features.panel import PanelColumns, assemble
from features.spine import Spine, every_pair, given_pairs
from lakehouse.month_range import MonthRange, plus_months

FEATURES = feature_set(UNCLIPPED)
EXAMPLES = settings(
    deadline=None,
    database=None,
    max_examples=25,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
# A planted defect is looked for longer.
BAD = settings(
    EXAMPLES,
    derandomize=True,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    max_examples=500,
)
# Values of attributes: also those that ids have, and one that no group's cells have.
VALUES = (*IDS, "40")
Known = dict[str, dict[str, str]]


@st.composite
def catalogues(draw: st.DrawFn, attributes: tuple[str, ...]) -> Known:
    """Draw what is known of some ids."""
    known = st.fixed_dictionaries(dict.fromkeys(attributes, st.sampled_from(VALUES)))
    return draw(st.dictionaries(st.sampled_from(IDS), known))


def entity(key: str, known: Known, attributes: tuple[str, ...]) -> pa.Table:
    columns = {key: list(known), **{n: [of[n] for of in known.values()] for n in attributes}}
    return pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()})


def entities(shops: Known, items: Known, sold: pa.ChunkedArray) -> tuple[pa.Table, pa.Table]:
    of_shops = entity("shop_id", shops, FEATURES.attributes.shop)
    of_items = entity("item_id", items, FEATURES.attributes.item)
    return of_shops, with_neighbours(of_items, of_items["item_id"], sold)


@st.composite
def spines(
    draw: st.DrawFn, shops_: Known, items_: Known, sold: pa.ChunkedArray
) -> tuple[Spine, list[tuple[str, str]]]:
    """Draw pairs as a grid, or as a list in any order."""
    some = st.lists(st.sampled_from((*IDS, "new")), unique=True)
    shops, items = draw(some), draw(some)
    if draw(st.booleans()):
        ids = pa.array(shops, pa.string()), pa.array(items, pa.string())
        pairs = [(shop, item) for item in items for shop in shops]
        return every_pair(*ids, entities(shops_, items_, sold)), pairs
    pairs = draw(st.permutations([(shop, item) for shop in shops for item in items]))
    columns = [pa.array([pair[i] for pair in pairs], pa.string()) for i in (0, 1)]
    asked = pa.table(columns, names=["shop_id", "item_id"])
    return given_pairs(asked, entities(shops_, items_, sold)), pairs


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
    shops = data.draw(catalogues(FEATURES.attributes.shop))
    items = data.draw(catalogues(FEATURES.attributes.item))
    cells = {g.name: data.draw(random_cells(g, history)) for g in FEATURES.groups}
    known = parts(cells, history, month, features)
    spine, pairs = data.draw(spines(shops, items, known["item"]["item_id"]))
    pair_cells = [c for c in cells["shop_item"].cells if c["month"] == month]
    closed = data.draw(st.booleans())
    of_month = RandomCells(FEATURES.groups[0], history, tuple(pair_cells)).table
    panel = assemble(
        spine,
        month,
        PanelColumns(features, known),
        of_month.select(["shop_id", "item_id", TARGET]) if closed else None,
    )
    wanted = naive_panel(
        pairs,
        shops,
        items,
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


@pytest.mark.slow
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

    @BAD
    @given(st.data())
    def run(data: st.DataObject) -> None:
        assert_panel_equals_oracle(FEATURES, data)

    with pytest.raises(AssertionError):
        run()


def of_the_next_row(known: pa.Table) -> pa.Table:
    """Give each id the attributes of another."""
    key, *names = known.column_names
    others = {name: known[name].slice(1) for name in names}
    return pa.table({key: known[key].slice(0, max(len(known) - 1, 0)), **others})


@pytest.mark.slow
def test_the_oracle_catches_attributes_of_another_row(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Spine.of

    def by_place(spine: Spine, entities: Sequence[pa.Table]) -> Spine:
        return own(spine, [of_the_next_row(known) for known in entities])

    monkeypatch.setattr(Spine, "of", by_place)

    @BAD
    @given(st.data())
    def run(data: st.DataObject) -> None:
        assert_panel_equals_oracle(FEATURES, data)

    with pytest.raises(AssertionError):
        run()


@pytest.mark.slow
def test_the_oracle_catches_items_a_month_too_young(monkeypatch: pytest.MonkeyPatch) -> None:
    """The age at the cutoff is not the one in the target month."""
    import features.spine

    own = features.spine.ages_of

    def at_the_cutoff(items: pa.Array, known: pa.Table) -> Any:
        return np.maximum(own(items, known) - 1, 0)

    monkeypatch.setattr(features.spine, "ages_of", at_the_cutoff)

    @BAD
    @given(st.data())
    def run(data: st.DataObject) -> None:
        assert_panel_equals_oracle(FEATURES, data)

    with pytest.raises(AssertionError):
        run()
