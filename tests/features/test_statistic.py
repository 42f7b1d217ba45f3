"""Kernels hand out nothing but the months before the target month."""

import numpy as np
import pytest

from features.statistic import AGE, LAG, MEAN, MONTHS_SINCE, SUM, History, Past

# Three series over four months: steady, one that starts in month 2, one that never sells.
VALUES = np.array([[1, 0, 0], [2, 0, 0], [0, 5, 0], [4, 7, 0]])
HISTORY = History(VALUES)


def past(target: int) -> Past:
    return Past(HISTORY, HISTORY.first, target)


def test_first_is_the_first_month_with_a_sale_or_past_the_end() -> None:
    assert HISTORY.first.tolist() == [0, 2, 4]


def test_a_history_of_no_series_has_no_first() -> None:
    assert History(np.zeros((3, 0), np.int64)).first.tolist() == []


@pytest.mark.parametrize("back", [0, -1])
def test_the_target_month_is_not_handed_out(back: int) -> None:
    with pytest.raises(ValueError, match="target month"):
        past(2).month(back)
    with pytest.raises(ValueError, match="target month"):
        past(2).sum(back)


def test_a_lag_is_the_value_that_many_months_before() -> None:
    assert LAG.kernel(past(4), 1).tolist() == [4, 7, 0]
    assert LAG.kernel(past(4), 4).tolist() == [1, 0, 0]
    assert np.isnan(LAG.kernel(past(4), 5)).all()


def test_a_sum_covers_the_lookback_or_everything_before() -> None:
    assert SUM.kernel(past(3), 2).tolist() == [2, 5, 0]
    assert SUM.kernel(past(3), None).tolist() == [3, 5, 0]
    assert SUM.kernel(past(3), 99).tolist() == [3, 5, 0]
    assert SUM.kernel(past(0), None).tolist() == [0, 0, 0]


def test_a_mean_divides_by_the_months_since_the_first_sale() -> None:
    assert MEAN.kernel(past(4), 3).tolist()[:2] == [2, 6]
    assert MEAN.kernel(past(4), None).tolist()[:2] == [7 / 4, 6]


def test_months_since_counts_from_the_last_sale() -> None:
    assert MONTHS_SINCE.kernel(past(3), None).tolist()[:2] == [2, 1]
    assert np.isnan(MONTHS_SINCE.kernel(past(3), None)[2])


def test_age_counts_from_the_first_sale() -> None:
    assert AGE.kernel(past(4), None).tolist()[:2] == [4, 2]
