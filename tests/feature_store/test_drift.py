"""Drift is found where there is some, and chance and season are no drift."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import entropy

from feature_store.drift.bins import DECILES, NULL, bins_of, coarse
from feature_store.drift.stability import CHANCE, SMOOTHING, stability_index, threshold

COLUMNS = 20


def counted(values: object) -> Counter[int]:
    """Rows of each bin."""
    return Counter(bins_of(pa.array(values, pa.float32(), from_pandas=True)).tolist())


def drifted(before: object, now: object, columns: int = COLUMNS) -> bool:
    joined = coarse(counted(before), counted(now))
    return stability_index(*joined) > threshold(*joined, columns)


def draw(random: np.random.Generator, rows: int) -> np.ndarray:
    """Units of pairs as retailers have them: many zeros, few large numbers, some unknown."""
    units = random.negative_binomial(0.6, 0.15, rows).astype(float)
    units[random.random(rows) < 0.05] = np.nan
    return units


def test_bins_ascend_with_the_numbers_and_small_counts_have_their_own() -> None:
    values = [-1e30, -5.0, -0.1, 0.0, 1e-9, 0.1, *range(1, 12), 1e30]
    bins = bins_of(pa.array(values, pa.float64())).tolist()
    assert bins == sorted(bins)
    assert len(set(bins)) == len(bins)
    assert bins_of(pa.array([None, float("nan")], pa.float64())).tolist() == [NULL, NULL]


def test_joined_bins_keep_every_row_and_are_few() -> None:
    random = np.random.default_rng(1)
    before, now = (counted(draw(random, 5_000)) for _ in range(2))
    joined = coarse(before, now)
    assert [sum(counts) for counts in joined] == [5_000, 5_000]
    assert len(joined[0]) <= DECILES + 1
    assert joined[0][-1] == before[NULL]


def test_the_index_is_the_sum_of_both_divergences() -> None:
    before, now = [120, 30, 0, 50], [80, 60, 10, 50]
    p, q = (np.array(counts) + SMOOTHING for counts in (before, now))
    wanted = entropy(p, q) + entropy(q, p)
    assert stability_index(before, now) == pytest.approx(wanted, rel=1e-12)
    assert stability_index(before, before) == 0


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "checks"), [(200, 500), (2_000, 100)])
def test_chance_alone_is_called_drift_in_few_checks(rows: int, checks: int) -> None:
    random = np.random.default_rng(7)
    alarms = sum(
        any(drifted(draw(random, rows), draw(random, rows)) for _ in range(COLUMNS))
        for _ in range(checks)
    )
    assert alarms / checks <= CHANCE


def test_a_shift_of_ten_percent_of_the_rows_is_found() -> None:
    random = np.random.default_rng(11)
    found = 0
    for _ in range(100):
        before, now = draw(random, 4_000), draw(random, 4_000)
        now[random.random(4_000) < 0.1] = 60
        found += drifted(before, now)
    assert found >= 95


def test_a_column_that_is_gone_or_new_is_drift() -> None:
    random = np.random.default_rng(3)
    known, unknown = draw(random, 1_000), np.full(1_000, np.nan)
    assert drifted(known, unknown)
    assert drifted(unknown, known)
    assert not drifted(unknown, unknown)
