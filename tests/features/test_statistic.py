"""Kernels hand out nothing but the months before the target month."""

import numpy as np
import pytest

from features.start import Start
from features.statistic import AGE, EWM, LAG, LATEST, MEAN, MONTHS_SINCE, NEVER, SUM, History, Past

# Three series over four months: steady, one that starts in month 2, one that never sells.
VALUES = np.array([[1, 0, 0], [2, 0, 0], [0, 5, 0], [4, 7, 0]])
HISTORY = History(VALUES)
# The first sale on the first day, in the middle, on the last day of a month of 31 days.
SHARES = np.array([1000, 500, 32])


# The same months with sales before them: the first and second series sold last 3 months before the
# first row, the second for the first time 20 months before it; the third never did.
OPENED = History(VALUES, np.array([-3, -3, NEVER]))


def past(target: int) -> Past:
    return Past(HISTORY, Start(np.array([0, 2, 4]), SHARES), target)


def opened(target: int) -> Past:
    return Past(OPENED, Start(np.array([-3, -20, 4]), SHARES), target)


@pytest.mark.parametrize("back", [0, -1])
def test_the_target_month_is_not_handed_out(back: int) -> None:
    with pytest.raises(ValueError, match="target month"):
        past(2).month(back)
    with pytest.raises(ValueError, match="target month"):
        past(2).sum(back)
    with pytest.raises(ValueError, match="target month"):
        past(2).weighted(back)
    with pytest.raises(ValueError, match="target month"):
        past(2).latest(back)


def test_a_lag_is_the_value_that_many_months_before() -> None:
    assert LAG.kernel(past(4), 1).tolist() == [4, 7, 0]
    assert LAG.kernel(past(4), 4).tolist() == [1, 0, 0]
    assert np.isnan(LAG.kernel(past(4), 5)).all()


def test_a_sum_covers_the_lookback_as_far_as_months_are_known() -> None:
    assert past(3).sum(2).tolist() == [2, 5, 0]
    assert past(3).sum(99).tolist() == [3, 5, 0]
    assert past(0).sum(1).tolist() == [0, 0, 0]


def test_a_mean_divides_by_the_months_since_the_first_sale() -> None:
    assert MEAN.kernel(past(4), 3).tolist()[:2] == [2, 6]
    assert MEAN.kernel(past(4), 99).tolist()[:2] == [7 / 4, 6]


def test_each_month_weighs_half_of_the_one_after_it() -> None:
    assert EWM.kernel(past(4), 1).tolist() == [4, 7, 0]
    assert EWM.kernel(past(4), 3).tolist()[0] == (4 * 4 + 2 * 0 + 1 * 2) / 7


def test_months_before_the_first_sale_weigh_nothing() -> None:
    assert EWM.kernel(past(4), 3).tolist()[1] == (2 * 7 + 1 * 5) / 3
    assert EWM.kernel(past(3), 3).tolist()[1] == 5
    assert EWM.kernel(past(4), 40).tolist()[1] == (2 * 7 + 1 * 5) / 3


def test_a_weighted_mean_knows_the_age_of_an_opening() -> None:
    assert EWM.kernel(opened(4), 4).tolist()[:2] == [
        (8 * 4 + 2 * 2 + 1 * 1) / 15,
        (8 * 7 + 4 * 5) / 15,
    ]


def test_months_since_counts_from_the_last_sale() -> None:
    assert MONTHS_SINCE.kernel(past(3), 0).tolist()[:2] == [2, 1]
    assert np.isnan(MONTHS_SINCE.kernel(past(3), 0)[2])


def test_age_counts_from_the_first_sale() -> None:
    assert AGE.kernel(past(4), 0).tolist()[:2] == [4, 1.5]
    assert AGE.kernel(past(3), 0).tolist()[:2] == [3, 0.5]


def test_an_age_says_when_the_first_sale_was() -> None:
    ages = AGE.kernel(opened(0), 0).astype(np.float32).astype(np.float64)
    found = Start.of_ages(ages[:2])
    assert (found.month.tolist(), found.share.tolist()) == ([-3, -20], [1000, 500])


def test_a_sum_is_of_the_last_months() -> None:
    assert SUM.kernel(past(4), 2).tolist() == [4, 12, 0]


def test_the_latest_value_is_the_last_that_is_not_0_within_the_lookback() -> None:
    assert LATEST.kernel(past(3), 2).tolist()[:2] == [2, 5]
    assert LATEST.kernel(past(4), 99).tolist()[:2] == [4, 7]
    assert np.isnan(LATEST.kernel(past(3), 1)).tolist() == [True, False, True]
    assert np.isnan(LATEST.kernel(past(0), 3)).all()


def test_an_opening_counts_until_the_first_sale_after_it() -> None:
    assert MONTHS_SINCE.kernel(opened(0), 0).tolist()[:2] == [3, 3]
    assert MONTHS_SINCE.kernel(opened(2), 0).tolist()[:2] == [1, 5]
    assert MONTHS_SINCE.kernel(opened(3), 0).tolist()[:2] == [2, 1]
    assert np.isnan(MONTHS_SINCE.kernel(opened(4), 0)[2])


def test_a_mean_knows_the_age_of_an_opening() -> None:
    assert MEAN.kernel(opened(4), 4).tolist()[:2] == [7 / 4, 3]


def test_a_history_without_months_is_its_opening() -> None:
    empty = History(np.zeros((0, 2), np.int64), np.array([-1, NEVER]))
    assert empty.latest.tolist() == [[-1, NEVER]]
