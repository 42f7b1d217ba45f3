"""A month is judged by its days and shops beside the months before, not by one sale."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime

import pytest
from builders import events, profile, record

from ingestion.completeness import (
    Completeness,
    compare_month,
    compare_months,
    days_of,
    has_begun,
    is_over,
)
from ingestion.sales.intake import merge_few_sales
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months

OCTOBER = date(2015, 10, 1)
BEFORE = [plus_months(OCTOBER, -back) for back in (1, 2, 3)]


def judged(
    october: Iterable[tuple[int, int]], usual: Callable[[date], int] = lambda _: 8
) -> Completeness:
    """Judge October 2015, ``(day, shops)``, beside three months of so many shops a day."""
    shops = {day: usual(day) for month in BEFORE for day in days_of(month)}
    shops |= {date(2015, 10, day): count for day, count in october}
    return compare_month(OCTOBER, shops)


def whole(shops: int = 8) -> list[tuple[int, int]]:
    return [(day, shops) for day in range(1, 32)]


def test_a_month_as_those_before_is_complete() -> None:
    assert judged(whole()).doubts == []
    assert judged([*whole()[:13], *whole()[16:]]).doubts == [], "a holiday or two"


@pytest.mark.parametrize("last", [3, 10, 23])
def test_a_line_on_the_last_day_makes_no_month_complete(last: int) -> None:
    cut = judged([*whole()[:last], (31, 1)])
    assert f"{last + 1} of 31 days have sales (31 are usual)" in (cut.missing_days or cut.doubts[0])
    assert cut.doubts[-1] == "1 shops sold on 2015-10-31 (8 are usual)"


def test_one_shop_on_the_last_day_of_whole_weeks_is_doubted_and_not_refused() -> None:
    cut = judged([*whole()[:30], (31, 1)])
    assert (cut.missing_days, cut.doubts) == (None, ["1 shops sold on 2015-10-31 (8 are usual)"])


def test_a_month_without_a_sale_always_misses_its_days() -> None:
    assert judged([], lambda _: 0).missing_days == "0 of 31 days have sales"
    assert judged([], lambda day: day.day == 15).missing_days is not None


def test_who_is_closed_on_the_last_day_of_the_week_ends_the_month_before_it() -> None:
    # 31.10.2015 is a Saturday.
    def weekdays(day: date) -> int:
        return 8 if day.weekday() < 5 else 0

    open_days = [(d, 8) for d in range(1, 32) if weekdays(date(2015, 10, d))]
    assert judged(open_days, weekdays).doubts == []
    cut = judged(open_days[:-1], weekdays)
    assert cut.doubts == ["0 shops sold on 2015-10-30 (8 are usual)"]
    assert judged(open_days[:10], weekdays).missing_days is not None


def test_who_sells_seldom_is_judged_by_chance_and_by_the_last_day() -> None:
    def seldom(day: date) -> int:
        return int(day.day in (3, 15, 27))

    assert judged([(9, 1)], seldom).missing_days is None
    assert judged([(9, 1)], seldom).doubts == ["0 shops sold on 2015-10-31"]
    assert judged([(31, 1)], seldom).doubts == []


def test_a_first_month_is_not_complete_by_its_first_and_last_day() -> None:
    first = judged([(1, 1), (31, 1)], lambda _: 0)
    assert first.missing_days is None, "nobody knows what is usual"
    assert first.doubts == ["2 of 31 days have sales"]
    assert judged(whole(), lambda _: 0).doubts == []


def test_a_month_has_ended_when_its_last_day_has() -> None:
    end = datetime(2015, 11, 1, tzinfo=UTC)
    assert is_over(OCTOBER, end)
    assert not is_over(OCTOBER, end.replace(month=10, day=31, hour=23))
    assert has_begun(plus_months(OCTOBER, 1), end)
    assert not has_begun(plus_months(OCTOBER, 2), end)


def test_the_shops_of_a_day_are_counted_once_whatever_they_are_called(lake: Lake) -> None:
    sales = [
        record(date="2015-10-31", shop_id=shop, item_id=item)
        for shop in ("1", "2")
        for item in "ab"
    ]
    gone = record(date="2015-10-30", sale_id="x", updated_at="2016-01-01T00:00:00Z")
    back = record(sale_id="x", op="cancel", updated_at="2016-01-02T00:00:00Z")
    merge_few_sales(lake, events(*sales, gone, back), profile())
    (october,) = compare_months(lake, [OCTOBER])
    assert (october.days, october.end, october.shops) == (1, date(2015, 10, 31), 2)
