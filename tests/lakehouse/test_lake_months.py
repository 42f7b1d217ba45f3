from datetime import UTC, date, datetime

import pytest

from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.errors import LakeError, RefusedError
from lakehouse.lake import Lake
from lakehouse.lake_months import close, extend, read_months
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
