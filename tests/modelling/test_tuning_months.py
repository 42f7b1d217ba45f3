"""The months that tuning looks at: none that a backtest reports."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.errors import RefusedError, UsageError
from lakehouse.month_range import MonthRange, month_date, plus_months
from modelling.evaluation.folds import rolling_folds
from modelling.tuning.tuning import validation

CLOSED = MonthRange(date(2013, 1, 1), date(2015, 9, 1))


def test_the_three_months_before_the_first_reported_one_decide() -> None:
    found = validation(CLOSED, 3, 6, 3)
    assert found.train == MonthRange(date(2013, 4, 1), date(2014, 12, 1))
    assert found.months == MonthRange(date(2015, 1, 1), date(2015, 3, 1))


@settings(deadline=None, database=None)
@given(
    length=st.integers(1, 40),
    first=st.integers(1, 12),
    reported=st.integers(0, 12),
    count=st.integers(1, 6),
)
def test_no_month_that_is_reported_is_looked_at(
    length: int, first: int, reported: int, count: int
) -> None:
    closed = MonthRange(month_date(500), month_date(500 + length - 1))
    if length - first - reported <= count:
        with pytest.raises(RefusedError, match="too few to tune"):
            validation(closed, first, reported, count)
        return
    found = validation(closed, first, reported, count)
    assert found.train.first == month_date(500 + first)
    assert plus_months(found.train.last, 1) == found.months.first
    assert len(found.months) == count
    if reported:
        scored = [fold.month for fold in rolling_folds(closed, first, reported)]
        assert found.months.last < scored[0]


@pytest.mark.parametrize(("reported", "count"), [(-1, 3), (6, 0)])
def test_months_that_are_no_months_are_refused(reported: int, count: int) -> None:
    with pytest.raises(UsageError, match="validate on at least 1 month"):
        validation(CLOSED, 3, reported, count)
