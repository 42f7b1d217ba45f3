"""Months as dates, as whole numbers, and as ranges."""

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.month_range import (
    MonthRange,
    month_date,
    month_number,
    month_numbers,
    plus_months,
)


@settings(deadline=None, database=None)
@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)))
def test_a_month_comes_back_from_its_number(day: date) -> None:
    assert month_date(month_number(day)) == day.replace(day=1)
    assert month_numbers(pa.array([day])).tolist() == [month_number(day)]


def test_months_are_counted_from_january_1970() -> None:
    assert month_number(date(1970, 1, 1)) == 0
    assert month_number(date(1969, 12, 1)) == -1
    assert month_number(date(2015, 11, 1)) == 45 * 12 + 10


def test_months_are_added_across_years() -> None:
    assert plus_months(date(2014, 12, 1), 1) == date(2015, 1, 1)
    assert plus_months(date(2015, 1, 1), -1) == date(2014, 12, 1)
    assert plus_months(date(2015, 3, 1), -15) == date(2013, 12, 1)


def test_numbers_of_chunks_and_of_nothing() -> None:
    chunks = pa.chunked_array([[date(2015, 1, 31)], [], [date(2015, 2, 1)]], pa.date32())
    assert month_numbers(chunks).tolist() == [540, 541]
    assert month_numbers(pa.chunked_array([], pa.date32())).tolist() == []


def test_a_range_has_both_ends() -> None:
    months = MonthRange(date(2014, 11, 1), date(2015, 2, 1))
    assert list(months) == [
        date(2014, 11, 1),
        date(2014, 12, 1),
        date(2015, 1, 1),
        date(2015, 2, 1),
    ]
    assert len(months) == 4
    assert months.start == month_number(date(2014, 11, 1))
    assert date(2014, 11, 1) in months
    assert date(2015, 2, 1) in months
    assert date(2015, 3, 1) not in months
    assert "2015-01" not in months


def test_a_range_of_one_month() -> None:
    assert list(MonthRange(date(2015, 1, 1), date(2015, 1, 1))) == [date(2015, 1, 1)]


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        (date(2015, 2, 1), date(2015, 1, 1), "comes before the first"),
        (date(2015, 1, 2), date(2015, 2, 1), "given as its first day"),
        (date(2015, 1, 1), date(2015, 2, 28), "given as its first day"),
    ],
)
def test_a_range_that_is_none_does_not_construct(first: date, last: date, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MonthRange(first, last)
