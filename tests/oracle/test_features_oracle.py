"""compute equals loops over exact fractions, for every declared group or one of its shape."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from meanings import UNCLIPPED
from naive_features import STATISTICS, naive_features
from random_cells import IDS, RandomCells, of_each_shape, quick_and_slow, random_cells

import features.series
from features.compute import compute, compute_in_parts
from features.group import PRESENCE, SOLD_SHARE, Feature, FeatureGroup, age, months_since
from features.groups import feature_groups
from features.statistic import EWM, LAG, MEAN, MONTHS_SINCE, Past, Real, Statistic
from lakehouse.month_range import MonthRange, plus_months

GROUPS = of_each_shape(feature_groups(UNCLIPPED))
EXAMPLES = settings(
    deadline=None,
    database=None,
    max_examples=30,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
Compute = Callable[[pa.Table, MonthRange, Iterable[date], FeatureGroup], Iterator[pa.Table]]


def assert_equals_oracle(compute_: Compute, drawn: RandomCells, group: FeatureGroup) -> None:
    months = [*drawn.history, plus_months(drawn.history.last, 1)]
    parts = compute_(drawn.table, drawn.history, months, group)
    for month, part in zip(months, parts, strict=True):
        wanted = naive_features(drawn.cells, drawn.history, month, group)
        rows = part.to_pylist()
        found = {
            tuple(row[name] for name in group.keys): {name: row[name] for name in group.columns}
            for row in rows
        }
        assert len(found) == len(rows)
        assert found.keys() == wanted.keys(), month
        for key, values in wanted.items():
            differ = {name: (found[key][name], values[name]) for name in values}
            assert found[key] == values, (
                month,
                key,
                {n: d for n, d in differ.items() if d[0] != d[1]},
            )


@pytest.mark.parametrize("name", GROUPS)
def test_features_equal_the_loops(name: str) -> None:
    group = GROUPS[name]

    @EXAMPLES
    @given(st.data())
    def run(data: st.DataObject) -> None:
        assert_equals_oracle(compute, data.draw(random_cells(group, beyond=2)), group)

    run()


def in_parts(
    cells: pa.Table, history: MonthRange, months: Iterable[date], group: FeatureGroup
) -> Iterator[pa.Table]:
    """Compute a part of the keys after the other, and put each month together."""
    targets = list(months)
    parts = list(compute_in_parts(cells, history, targets, group))
    for n in range(len(targets)):
        yield pa.concat_tables(parts[n :: len(targets)])


@pytest.mark.parametrize("compute_", [compute, in_parts])
@pytest.mark.parametrize("name", quick_and_slow(GROUPS))
def test_features_of_keys_and_months_one_by_one_equal_the_loops(
    name: str, compute_: Compute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features.series, "ARRAY_BYTES", 1)
    assert_equals_oracle(compute_, dense_cells(GROUPS[name], seed=5), GROUPS[name])


def dense_cells(group: FeatureGroup, seed: int) -> RandomCells:
    """Draw cells in three of four months, for many keys: what hypothesis would take long for."""
    random = np.random.default_rng(seed)
    history = MonthRange(date(2013, 1, 1), date(2015, 6, 1))
    cells = [
        {
            **{name: f"{IDS[j % 4]}{i + j}" for j, name in enumerate(group.keys)},
            "month": month,
            SOLD_SHARE: Decimal(int(random.integers(1, 1001))).scaleb(-3),
            **{
                m.name: Decimal(int(random.integers(-(10**7), 10**9))).scaleb(-m.type.scale)
                if pa.types.is_decimal(m.type)
                else int(random.integers(0, 4))
                for m in group.measures
                if m.name != SOLD_SHARE
            },
        }
        for i in range(12)
        for month in history
        if random.random() < 0.75
    ]
    return RandomCells(group, history, tuple(cells))


@pytest.mark.parametrize("name", GROUPS)
def test_features_of_long_histories_equal_the_loops(name: str) -> None:
    assert_equals_oracle(compute, dense_cells(GROUPS[name], seed=3), GROUPS[name])


def test_every_statistic_in_use_has_its_loop() -> None:
    used = {feature.statistic.name for group in GROUPS.values() for feature in group.features}
    assert used == STATISTICS.keys()


def _a_month_more(past: Past, lookback: int) -> Real:
    return past.month(lookback + 1)


def _by_lookback(past: Past, lookback: int) -> Real:
    return past.sum(lookback) / lookback


def _over_the_whole_lookback(past: Past, lookback: int) -> Real:
    weights = 2.0 ** -np.arange(1, lookback + 1)
    months = [weight * np.nan_to_num(past.month(i)) for i, weight in enumerate(weights, 1)]
    return np.sum(months, axis=0) / weights.sum()


def _newest_least(past: Past, lookback: int) -> Real:
    known = np.clip(past.age(), 1, lookback)
    months = [np.nan_to_num(past.month(i)) * 2.0**i for i in range(1, lookback + 1)]
    return np.sum(months, axis=0) / (2.0 ** (known + 1) - 2)


def _a_month_less(past: Past, _: int) -> Real:
    return past.months_since() - 1


@pytest.mark.parametrize(
    ("statistic", "kernel"),
    [
        (LAG, _a_month_more),
        (MEAN, _by_lookback),
        (EWM, _over_the_whole_lookback),
        (EWM, _newest_least),
        (MONTHS_SINCE, _a_month_less),
    ],
    ids=[
        "lag reads a month more",
        "mean counts months before the first sale",
        "ewm weighs months before the first sale",
        "ewm weighs the oldest most",
        "off by one",
    ],
)
def test_the_oracle_catches_a_wrong_kernel(
    statistic: Statistic, kernel: Callable[[Past, int], Real]
) -> None:
    measure, lookback = ("target", 3) if statistic.is_bounded else (PRESENCE, None)
    wrong = Feature(measure, replace(statistic, kernel=kernel), lookback)
    others = [f for f in (months_since(PRESENCE), age(PRESENCE)) if f.suffix != wrong.suffix]
    group = replace(GROUPS["shop_item"], features=(wrong, *others))

    @settings(EXAMPLES, derandomize=True, phases=[Phase.generate])
    @given(random_cells(group))
    def run(drawn: RandomCells) -> None:
        assert_equals_oracle(compute, drawn, group)

    with pytest.raises(AssertionError):
        run()
