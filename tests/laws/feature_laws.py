"""The laws of features, each a function that raises AssertionError where one does not hold.

A law is given the function to judge in place of features.compute.compute, so that it can be shown
to fail on a sabotaged one.
"""

import pickle
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import strategies as st
from random_cells import (
    Cell,
    RandomCells,
    before,
    integer_form,
    key,
    random_cells,
    split_cells,
    table,
)

from features.group import PRESENCE, FeatureGroup
from lakehouse.month_range import MonthRange, plus_months

Compute = Callable[[pa.Table, MonthRange, Iterable[date], FeatureGroup], Iterator[pa.Table]]
Rows = dict[tuple[Any, ...], tuple[Any, ...]]
Law = Callable[[Compute, FeatureGroup, st.DataObject], None]


def targets(history: MonthRange) -> list[date]:
    """List the months that can have features: up to the one after the last."""
    return [*history, plus_months(history.last, 1)]


def computed(
    compute: Compute,
    group: FeatureGroup,
    cells: pa.Table,
    history: MonthRange,
    months: Iterable[date],
) -> Rows:
    """Compute features as (month, *key) → values, a NaN being equal to nothing."""
    rows: Rows = {}
    for part in compute(cells, history, months, group):
        names = ["month", *group.keys]
        keys = list(zip(*(part[name].to_pylist() for name in names), strict=True))
        values = zip(*(part[name].to_pylist() for name in group.columns), strict=True)
        assert not rows.keys() & set(keys), "a target month came twice"
        assert len(set(keys)) == len(keys), "a key came twice"
        rows |= zip(keys, values, strict=True)
    return rows


def assert_same(found: Rows, wanted: Rows, why: str) -> None:
    """Compare rows bit for bit, naming the first that differs."""
    assert found.keys() == wanted.keys(), f"{why}: rows {found.keys() ^ wanted.keys()}"
    for at, values in wanted.items():
        # 0.0 equals -0.0, but is not written like it; a NaN is, but does not equal itself.
        same = found[at] == values and repr(found[at]) == repr(values)
        assert same, f"{why}: {at}: {found[at]} is not {values}"


def key_locality(compute: Compute, group: FeatureGroup, data: st.DataObject) -> None:
    """The features of keys depend on the cells of those keys alone."""
    drawn = data.draw(random_cells(group))
    keys = sorted({key(group, cell) for cell in drawn.cells})
    chosen = data.draw(st.sets(st.sampled_from(keys))) if keys else set()

    def of(cells: Iterable[Cell]) -> Rows:
        months = targets(drawn.history)
        return computed(compute, group, table(group, cells), drawn.history, months)

    together = of(drawn.cells)
    mine = of(cell for cell in drawn.cells if key(group, cell) in chosen)
    others = of(cell for cell in drawn.cells if key(group, cell) not in chosen)
    assert_same(together, mine | others, "other keys matter")


def no_leak(compute: Compute, group: FeatureGroup, data: st.DataObject) -> None:
    """Whatever happens from a month on, the features of target months up to it stay."""
    drawn = data.draw(random_cells(group))
    month = data.draw(st.sampled_from(targets(drawn.history)))
    changed = data.draw(random_cells(group, drawn.history))
    months = [target for target in targets(drawn.history) if target <= month]
    past = before(drawn.cells, month)
    future = tuple(cell for cell in changed.cells if cell["month"] >= month)

    def of(cells: Iterable[Cell]) -> Rows:
        return computed(compute, group, table(group, cells), drawn.history, months)

    known = of(past)
    assert_same(of(drawn.cells), known, f"deleting what follows {month} matters")
    assert_same(of(past + future), known, f"changing what follows {month} matters")


def month_by_month(compute: Compute, group: FeatureGroup, data: st.DataObject) -> None:
    """Months computed together, alone, or some of them in any order are the same."""
    drawn = data.draw(random_cells(group))
    months = targets(drawn.history)
    some = data.draw(st.lists(st.sampled_from(months), unique=True))

    def of(asked: Iterable[date]) -> Rows:
        return computed(compute, group, drawn.table, drawn.history, asked)

    together = of(months)
    alone: Rows = {}
    for month in months:
        alone |= of([month])
    assert_same(alone, together, "alone")
    wanted = {at: values for at, values in together.items() if at[0] in some}
    assert_same(of(some), wanted, "some months")


def row_order(compute: Compute, group: FeatureGroup, data: st.DataObject) -> None:
    """The order of the cells does not matter, nor how they are cut into chunks."""
    drawn = data.draw(random_cells(group))
    shuffled = table(group, data.draw(st.permutations(drawn.cells)))
    cut = data.draw(st.integers(0, len(shuffled)))
    pieces = pa.concat_tables([shuffled.slice(cut), shuffled.slice(0, cut)])
    months = targets(drawn.history)
    wanted = computed(compute, group, drawn.table, drawn.history, months)
    assert_same(computed(compute, group, pieces, drawn.history, months), wanted, "order matters")


def density(compute: Compute, group: FeatureGroup, data: st.DataObject) -> None:
    """A target month has a row for each key that had a sale before it, and for no other."""
    drawn = data.draw(random_cells(group))
    wanted = {
        (month, *key(group, cell))
        for month in targets(drawn.history)
        for cell in before(drawn.cells, month)
        if cell[PRESENCE] > 0
    }
    found = computed(compute, group, drawn.table, drawn.history, targets(drawn.history)).keys()
    assert found == wanted, f"missing {wanted - found}, too many {found - wanted}"


def ages(compute: Compute, group: FeatureGroup, data: st.DataObject) -> None:
    """A key gets one month older each month; months since grow by one too, or start again at 1."""
    drawn = data.draw(random_cells(group))
    rows = computed(compute, group, drawn.table, drawn.history, targets(drawn.history))
    for at, feature in enumerate(group.features):
        for (month, *ids), values in rows.items():
            now = values[at]
            last = rows.get((plus_months(month, -1), *ids), (None,) * len(values))[at]
            if feature.statistic.name == "age":
                at_first = (0, 1) if last is None else (last + 0.9999, last + 1.0001)
                is_older = at_first[0] < now <= at_first[1]
                assert is_older, f"{month} {ids}: {now} months old after {last}"
            elif feature.statistic.name == "since" and now != 1:
                grown = None if last is None else last + 1
                assert now == grown, f"{month} {ids}: {now} months since, after {last}"


def forms(compute: Compute, group: FeatureGroup, data: st.DataObject) -> None:
    """Decimals and the whole numbers that stand for them give the same."""
    drawn = data.draw(random_cells(group))
    months = targets(drawn.history)
    whole = integer_form(drawn.table, group)
    wanted = computed(compute, group, drawn.table, drawn.history, months)
    assert_same(computed(compute, group, whole, drawn.history, months), wanted, "form matters")


def time_shift(compute: Compute, group: FeatureGroup, data: st.DataObject) -> None:
    """The same sales some months later give the same features that much later."""
    drawn = data.draw(random_cells(group))
    by = data.draw(st.integers(1, 13))
    history = MonthRange(plus_months(drawn.history.first, by), plus_months(drawn.history.last, by))
    later = [{**cell, "month": plus_months(cell["month"], by)} for cell in drawn.cells]
    rows = computed(compute, group, drawn.table, drawn.history, targets(drawn.history))
    wanted = {(plus_months(month, by), *ids): values for (month, *ids), values in rows.items()}
    found = computed(compute, group, table(group, later), history, targets(history))
    assert_same(found, wanted, f"{by} months later")


def history_growth(compute: Compute, group: FeatureGroup, data: st.DataObject) -> None:
    """A lake that gets another month keeps the features it had."""
    drawn = data.draw(random_cells(group))
    longer = MonthRange(drawn.history.first, plus_months(drawn.history.last, 1))
    new = data.draw(random_cells(group, MonthRange(longer.last, longer.last)))
    months = targets(drawn.history)
    wanted = computed(compute, group, drawn.table, drawn.history, months)
    found = computed(compute, group, table(group, drawn.cells + new.cells), longer, months)
    assert_same(found, wanted, "a new month matters")


def history_bounds(compute: Compute, group: FeatureGroup, data: st.DataObject) -> None:
    """Cells outside the lake's months are left out."""
    drawn = data.draw(random_cells(group, beyond=3))
    inside = [cell for cell in drawn.cells if cell["month"] in drawn.history]
    months = targets(drawn.history)
    wanted = computed(compute, group, table(group, inside), drawn.history, months)
    found = computed(compute, group, drawn.table, drawn.history, months)
    assert_same(found, wanted, "cells outside matter")


def opened(
    compute: Compute, drawn: RandomCells, month: date, data: st.DataObject
) -> tuple[pa.Table, MonthRange]:
    """Put opening rows in the place of the cells before a month, as jobs.cells reads them."""
    group, cells = drawn.group, integer_form(drawn.table, drawn.group)
    (features,) = compute(cells, drawn.history, [month], group)
    keys = [features[name].cast(pa.string()) for name in group.keys]
    names = [group.column(feature) for feature in group.opening]
    opening = pa.table([*keys, *features.select(names)], names=[*group.keys, *names])
    recent = cells.filter(pc.greater_equal(cells["month"], pa.scalar(month)))
    rows = pa.concat_tables([recent, opening], promote_options="default")
    order = data.draw(st.permutations(range(len(rows))))
    return rows.take(pa.array(order, pa.int64())), MonthRange(month, drawn.history.last)


def opening(compute: Compute, group: FeatureGroup, data: st.DataObject) -> None:
    """Features of a month stand for all cells before it, as far as lookbacks do not reach them."""
    drawn, month, months = data.draw(split_cells(group))
    wanted = computed(compute, group, drawn.table, drawn.history, months)
    rows, history = opened(compute, drawn, month, data)
    found = computed(compute, group, rows, history, months)
    assert_same(found, wanted, f"opening with {month} matters")


def pickling(compute: Compute, group: FeatureGroup, data: st.DataObject) -> None:
    """A worker, which unpickles its own copy of the group, computes the same."""
    drawn, month, months = data.draw(split_cells(group))
    rows, history = opened(compute, drawn, month, data)
    wanted = computed(compute, group, rows, history, months)
    copy = pickle.loads(pickle.dumps(group))
    assert_same(computed(compute, copy, rows, history, months), wanted, "a copy matters")


LAWS: tuple[Law, ...] = (
    key_locality,
    no_leak,
    month_by_month,
    row_order,
    density,
    ages,
    forms,
    time_shift,
    history_growth,
    history_bounds,
    opening,
    pickling,
)
