"""The calendar's features, against the standard library's dates."""

from calendar import isleap
from datetime import date, timedelta

import pytest

from features.calendar import CALENDAR, days, weekend_days
from lakehouse.month_range import MonthRange, plus_months

MONTHS = list(MonthRange(date(1999, 11, 1), date(2004, 3, 1)))


@pytest.mark.parametrize("month", MONTHS, ids=lambda month: f"{month:%Y-%m}")
def test_days_are_those_of_the_month(month: date) -> None:
    following = plus_months(month, 1)
    all_days = [month + timedelta(i) for i in range(31) if month + timedelta(i) < following]
    assert days(month) == len(all_days)
    assert weekend_days(month) == sum(day.isoweekday() in (6, 7) for day in all_days)


def test_february_has_29_days_in_leap_years_only() -> None:
    assert {year: days(date(year, 2, 1)) for year in (1900, 2000, 2015, 2016)} == {
        year: 28 + isleap(year) for year in (1900, 2000, 2015, 2016)
    }


def test_the_features_of_november_2015() -> None:
    values = {feature.name: feature.compute(date(2015, 11, 1)) for feature in CALENDAR}
    assert values["month_of_year"] == 11
    assert values["month_days"] == 30
    assert values["month_weekend_days"] == 9
