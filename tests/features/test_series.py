"""Arrays of many keys and months stay within a bound, and what they say does not depend on it."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from meanings import UNCLIPPED
from peaks import peak_bytes

from features import series
from features.compute import compute, compute_in_parts, features_of
from features.groups import feature_groups
from features.measure import stored_form
from features.series import FEWEST_TARGETS, Series, Window, month_bytes
from lakehouse.month_range import MonthRange, month_date, plus_months

PAIR = feature_groups(UNCLIPPED)[0]
FIRST = date(1990, 1, 1)
CELLS = 20_000


def history(months: int) -> MonthRange:
    return MonthRange(FIRST, plus_months(FIRST, months - 1))


def sparse_cells(keys: int, months: int) -> pa.Table:
    """So many keys with a few cells each, 20,000 together at most."""
    random = np.random.default_rng(1)
    count = min(CELLS, keys * months // 2)
    places = random.choice(keys * months, count, replace=False)
    start = FIRST.year * 12
    named = {month: month_date(start + month) for month in range(months)}
    columns = {
        "shop_id": pa.array([str(key % 50) for key in (places // months).tolist()]),
        "item_id": pa.array([str(key // 50) for key in (places // months).tolist()]),
        "month": pa.array([named[month] for month in (places % months).tolist()]),
        **{m.name: random.integers(0, 1000, count) for m in PAIR.measures},
    }
    return stored_form(pa.table(columns), PAIR.measures)


def array_bytes(window: Window) -> int:
    """Add up what was laid out, and what kernels derived from it."""
    held = [name for of in window.measures.values() for name in vars(of).values()]
    return sum(array.nbytes for array in held if isinstance(array, np.ndarray) and array.ndim == 2)


def drain(parts: Iterator[pa.Table]) -> None:
    for _ in parts:
        pass


def test_ten_times_the_months_take_the_same_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "ARRAY_BYTES", 6_000_000)

    def peak(months: int) -> int:
        cells, targets = sparse_cells(2_000, months), list(history(months))
        return peak_bytes(lambda: drain(compute_in_parts(cells, history(months), targets, PAIR)))

    few, many = peak(36), peak(360)
    assert many < 1.15 * few, (few, many)
    monkeypatch.setattr(series, "ARRAY_BYTES", 1 << 40)
    assert peak(360) > 5 * few, "the law would catch arrays of all months"


@pytest.mark.parametrize(("keys", "months"), [(1_000, 36), (10_000, 36), (1_000, 360)])
def test_the_arrays_of_a_part_are_within_the_bound(
    monkeypatch: pytest.MonkeyPatch, keys: int, months: int
) -> None:
    bound = 200 * (PAIR.lookback + FEWEST_TARGETS + 1) * month_bytes(PAIR)
    monkeypatch.setattr(series, "ARRAY_BYTES", bound)
    whole = Series.of(sparse_cells(keys, months), history(months), PAIR)
    parts = list(whole.parts())
    assert sum(len(part.keys) for part in parts) == len(whole.keys)
    assert len(parts) <= 2 * len(whole.keys) / 200 + 1, "few and large ones"
    for part in parts[:3]:
        for target in range(0, months + 1, 7):
            window = part.window(target)
            features_of(part, window, plus_months(FIRST, target))
            assert array_bytes(window) <= bound
            assert window.serves(target, PAIR.lookback)
            assert window.end - window.first >= min(months, PAIR.lookback)


@pytest.mark.parametrize("bound", [1, 20_000, 150_000])
def test_parts_of_keys_and_months_have_the_rows_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, bound: int
) -> None:
    cells, months = sparse_cells(20, 60), list(history(60))[1:]
    order = [("month", "ascending"), ("shop_id", "ascending"), ("item_id", "ascending")]

    def rows(parts: Iterator[pa.Table]) -> pa.Table:
        plain = (
            part.cast(pa.schema([*((k, pa.string()) for k in PAIR.keys), *list(part.schema)[2:]]))
            for part in parts
        )
        return pa.concat_tables(plain).sort_by(order)

    whole = rows(compute(cells, history(60), months, PAIR))
    monkeypatch.setattr(series, "ARRAY_BYTES", bound)
    assert rows(compute_in_parts(cells, history(60), months, PAIR)).equals(whole)
    assert rows(compute(cells, history(60), months, PAIR)).equals(whole)
