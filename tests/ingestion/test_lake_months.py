from datetime import UTC, date, datetime

import pytest
from builders import events, profile, record

from ingestion.lake_months import (
    close,
    closed_rows,
    extend,
    last_closed_by_user,
    month_row,
    read_months,
    reopen,
    replace_months,
    upsert_months,
)
from ingestion.sales.intake import merge_few_sales
from ingestion.sales.span import extend_months, find_gaps
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.errors import ConflictError, LakeError, RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.tables.silver import MONTHS

NOW = datetime(2020, 1, 1, tzinfo=UTC)
LATER = datetime(2020, 2, 1, tzinfo=UTC)
JANUARY, FEBRUARY, MARCH, APRIL = (date(2015, month, 1) for month in (1, 2, 3, 4))


def rows(lake: Lake) -> list[tuple[date, str, datetime | None]]:
    found = read_table(lake, MONTHS).to_pylist()
    return sorted((row["month"], row["status"], row["closed_at"]) for row in found)


def test_the_first_sales_open_their_last_month_and_close_the_others(lake: Lake) -> None:
    extend(lake, JANUARY, MARCH, NOW)
    assert rows(lake) == [
        (JANUARY, "closed", NOW),
        (FEBRUARY, "closed", NOW),
        (MARCH, "open", None),
    ]
    assert (read_months(lake).open_month, read_months(lake).cutoff) == (MARCH, FEBRUARY)


def test_later_sales_extend_the_range_backwards_only(lake: Lake) -> None:
    extend(lake, MARCH, MARCH, NOW)
    assert read_months(lake).cutoff is None
    extend(lake, JANUARY, APRIL, LATER)
    assert rows(lake) == [
        (JANUARY, "closed", LATER),
        (FEBRUARY, "closed", LATER),
        (MARCH, "open", None),
    ]


def test_sales_within_the_range_change_nothing(lake: Lake) -> None:
    extend(lake, JANUARY, MARCH, NOW)
    version = log.version(lake, MONTHS)
    extend(lake, FEBRUARY, APRIL, LATER)
    assert log.version(lake, MONTHS) == version


def test_closing_closes_the_open_month_and_opens_the_next_at_once(lake: Lake) -> None:
    extend(lake, FEBRUARY, MARCH, NOW)
    version = log.version(lake, MONTHS)
    assert close(lake, MARCH, LATER).open_month == APRIL
    assert rows(lake)[1:] == [(MARCH, "closed", LATER), (APRIL, "open", None)]
    assert log.version(lake, MONTHS) == version + 1


@pytest.mark.parametrize("month", [FEBRUARY, APRIL])
def test_no_month_but_the_open_one_is_closed(lake: Lake, month: date) -> None:
    extend(lake, FEBRUARY, MARCH, NOW)
    with pytest.raises(RefusedError, match=f"{month:%Y-%m} is not the open month .* 2015-03"):
        close(lake, month, LATER)


def test_a_lake_without_months_says_what_to_run(lake: Lake) -> None:
    with pytest.raises(LakeError, match="run ingest_history first"):
        read_months(lake)


def sell(lake: Lake, *months: date, op: str | None = None) -> None:
    """Take in a sale of each month, or take it back, and draw the months from what is live."""
    version = "2020-01-02T00:00:00Z" if op else "2020-01-01T00:00:00Z"
    sales = [
        record(sale_id=str(month), date=f"{month:%Y-%m-07}", op=op, updated_at=version)
        for month in months
    ]
    merge_few_sales(lake, events(*sales, source=f"{op} {months}"), profile())
    extend_months(lake, NOW)


def test_a_sale_that_was_alone_in_its_month_takes_the_month_with_it(lake: Lake) -> None:
    sell(lake, FEBRUARY, MARCH)
    before = rows(lake)
    for stray in (date(2018, 11, 1), date(2001, 1, 1)):
        sell(lake, stray)
        assert stray in read_months(lake).range or stray > MARCH
        sell(lake, stray, op="cancel")
        assert rows(lake) == before


def test_a_first_load_with_a_future_sale_is_as_without_it_once_the_sale_is_gone(lake: Lake) -> None:
    future = date(2018, 11, 1)
    sell(lake, FEBRUARY, MARCH, future)
    assert read_months(lake).open_month == future
    sell(lake, future, op="cancel")
    assert rows(lake) == [(FEBRUARY, "closed", NOW), (MARCH, "open", None)]


def test_a_month_that_a_user_closed_stays_closed_whatever_is_taken_back(lake: Lake) -> None:
    sell(lake, JANUARY, FEBRUARY)
    close(lake, FEBRUARY, LATER)
    close(lake, MARCH, LATER)
    sell(lake, APRIL)
    sell(lake, APRIL, op="cancel")
    assert rows(lake)[2:] == [(MARCH, "closed", LATER), (APRIL, "open", None)]


def test_in_a_lake_that_does_not_say_who_closed_a_month_those_with_sales_stay_closed(
    lake: Lake,
) -> None:
    months = MonthRange(JANUARY, date(2015, 9, 1))
    upsert_months(lake, closed_rows(months, NOW, is_last_open=True))
    assert last_closed_by_user(lake) is None
    sell(lake, JANUARY, MARCH)
    assert rows(lake)[2:] == [(MARCH, "closed", NOW), (APRIL, "open", None)]


def test_a_lake_whose_sales_are_all_gone_has_no_months_until_the_next(lake: Lake) -> None:
    sell(lake, FEBRUARY)
    sell(lake, FEBRUARY, op="cancel")
    with pytest.raises(LakeError, match="no months yet"):
        read_months(lake)
    sell(lake, MARCH)
    assert rows(lake) == [(MARCH, "open", None)]


def test_the_last_closed_month_can_be_opened_again_and_no_other(lake: Lake) -> None:
    extend(lake, JANUARY, MARCH, NOW)
    close(lake, MARCH, LATER)
    with pytest.raises(RefusedError, match=r"2015-02 is not the last closed month .* 2015-03"):
        reopen(lake, FEBRUARY)
    assert reopen(lake, MARCH).open_month == MARCH
    assert rows(lake)[1:] == [(FEBRUARY, "closed", NOW), (MARCH, "open", None)]


def test_months_between_the_sales_that_have_none_are_found(lake: Lake) -> None:
    sell(lake, JANUARY, APRIL, date(2015, 6, 1))
    may = date(2015, 5, 1)
    assert find_gaps(lake) == [MonthRange(FEBRUARY, MARCH), MonthRange(may, may)]


def test_months_that_another_process_changed_meanwhile_are_not_overwritten(lake: Lake) -> None:
    extend(lake, JANUARY, MARCH, NOW)
    version = log.version(lake, MONTHS)
    close(lake, MARCH, LATER)
    with pytest.raises(ConflictError, match="another process wrote it"):
        replace_months(lake, [month_row(JANUARY, None)], JANUARY, version)
    assert read_months(lake).open_month == APRIL
