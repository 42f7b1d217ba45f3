"""Folds: each month scored once, by what was known before it."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.errors import RefusedError, UsageError
from lakehouse.month_range import MonthRange, month_date, plus_months
from modelling.evaluation.folds import rolling_folds

CLOSED = MonthRange(date(2013, 1, 1), date(2015, 10, 1))


@settings(deadline=None, database=None)
@given(
    length=st.integers(1, 40),
    first=st.integers(0, 12),
    count=st.integers(1, 12),
    horizon=st.integers(1, 4),
)
def test_a_fold_is_scored_a_horizon_after_its_cutoff(
    length: int, first: int, count: int, horizon: int
) -> None:
    closed = MonthRange(month_date(500), month_date(500 + length - 1))
    if length < first + 2 * horizon:
        with pytest.raises(RefusedError):
            rolling_folds(closed, first, count, horizon)
        return
    folds = rolling_folds(closed, first, count, horizon)
    months = [fold.month for fold in folds]
    assert len(months) == min(count, length - first - 2 * horizon + 1)
    assert months == sorted(set(months))
    assert months[-1] == closed.last
    for fold in folds:
        assert fold.cutoff == fold.train.last == plus_months(fold.month, -horizon)
        assert fold.month not in fold.train
        assert fold.horizon == horizon
        earliest_known = plus_months(fold.train.first, 1 - horizon)
        assert earliest_known == plus_months(closed.first, first)


def test_the_last_six_months_of_the_competition() -> None:
    folds = rolling_folds(CLOSED, 12, 6)
    assert [f"{fold.month:%Y-%m}" for fold in folds] == [
        "2015-05",
        "2015-06",
        "2015-07",
        "2015-08",
        "2015-09",
        "2015-10",
    ]
    assert {fold.train.first for fold in folds} == {date(2014, 1, 1)}


def test_a_history_too_short_for_a_fold_is_refused_with_what_it_needs() -> None:
    closed = MonthRange(date(2015, 1, 1), date(2015, 4, 1))
    with pytest.raises(RefusedError) as refusal:
        rolling_folds(closed, 3, 6)
    assert "4 closed months are too few" in str(refusal.value)
    assert "it needs 5" in str(refusal.value)
    assert "ingest more history" in str(refusal.value)
    longer = MonthRange(closed.first, date(2015, 5, 1))
    assert [fold.month for fold in rolling_folds(longer, 3, 6)] == [date(2015, 5, 1)]


@pytest.mark.parametrize("count", [0, -1])
def test_no_folds_are_wrong_use(count: int) -> None:
    with pytest.raises(UsageError, match=f"--folds {count}: .* ask for 1 or more"):
        rolling_folds(CLOSED, 3, count)
