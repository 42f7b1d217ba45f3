"""Quantiles are corrected on the last months, which they did not learn from."""

from datetime import date

import pytest

from lakehouse.month_range import MonthRange, plus_months
from lakehouse.profile.model import IntervalsConfig
from modelling.estimators.intervals import calibration_months

FIRST = date(2015, 1, 1)


def months(count: int) -> list[date]:
    return list(MonthRange(FIRST, plus_months(FIRST, count - 1)))


@pytest.mark.parametrize(
    ("count", "wanted", "held_out"), [(24, 3, 3), (24, 6, 6), (8, 3, 2), (3, 3, 1), (2, 3, 0)]
)
def test_the_last_months_are_held_out_a_third_at_most(
    count: int, wanted: int, held_out: int
) -> None:
    found = calibration_months(months(count), IntervalsConfig(calibration_months=wanted))
    assert found == months(count)[count - held_out :]


def test_without_rounds_there_are_no_intervals() -> None:
    assert calibration_months(months(24), IntervalsConfig(rounds=0)) == []


def test_bounds_that_do_not_increase_are_refused() -> None:
    with pytest.raises(ValueError, match="do not increase"):
        IntervalsConfig(demand_bounds=[0, 5, 2])
