from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import data_folder, sale_line, sales_text
from job_runs import NOW, run
from small_lakes import copy_lake, small_lake

from ingestion.completeness import days_of
from ingestion.lake_months import read_months
from jobs.close_month import JOB
from jobs.ingest_history import JOB as INGEST
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months

FEBRUARY, MARCH, APRIL, MAY = (date(2015, month, 1) for month in (2, 3, 4, 5))


def sold(day: date, shop: str = "1") -> dict[str, str]:
    fixed = {"item_id": "10", "units": "1", "price": "2"}
    return {**fixed, "date": f"{day:%d.%m.%Y}", "shop_id": shop}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with sales on every day of February to April 2015; March is its open month."""
    days = [day for month in (FEBRUARY, MARCH, APRIL) for day in days_of(month)]
    sales = [sold(day, shop) for day in days for shop in ("1", "2")]
    folder = tmp_path_factory.mktemp("months") / "lake"
    return small_lake(folder, sales, months=MonthRange(FEBRUARY, MARCH))


@pytest.fixture
def months(made: Lake, tmp_path: Path) -> Lake:
    """A copy of the lake, for a test that changes its months."""
    return copy_lake(made, tmp_path / "lake")


def close(lake: Lake, *arguments: object, now: datetime = NOW) -> tuple[int, dict[str, Any]]:
    return run(JOB, "--lake", lake.root, *arguments, now=now)


def test_the_open_month_is_closed_and_the_next_opened(months: Lake) -> None:
    closed = {"status": "done", "closed": "2015-03", "unchanged": False, "open_month": "2015-04"}
    assert close(months) == (0, closed)
    assert read_months(months).cutoff == MARCH


def test_the_command_again_closes_no_month_that_has_no_sale(months: Lake) -> None:
    assert [close(months)[0] for _ in range(2)] == [0, 0]
    code, figures = close(months)
    assert (code, figures["open_month"]) == (3, "2015-05")
    assert "2015-05: 0 of 31 days have sales (31 are usual)" in figures["error"]
    assert read_months(months).open_month == MAY


def test_a_month_of_few_days_is_closed_at_a_word_alone_and_its_name(months: Lake) -> None:
    close(months, "--through", "2015-04")
    for arguments, code in (
        (["--month", "2015-05"], 3),
        (["--even-if-incomplete"], 2),
        (["--month", "2015-05", "--even-if-incomplete"], 0),
        (["--month", "2015-05", "--even-if-incomplete"], 0),
    ):
        found, figures = close(months, *arguments)
        assert found == code, figures
    assert figures["unchanged"] is True
    assert read_months(months).open_month == plus_months(MAY, 1)


def test_several_months_are_closed_at_once(months: Lake) -> None:
    for unchanged in (False, True):
        closed = {"closed": "2015-04", "unchanged": unchanged, "open_month": "2015-05"}
        assert close(months, "--through", "2015-04") == (0, {"status": "done", **closed})


@pytest.mark.parametrize("through", ["2015-05", "2055-10", "2015-09"])
def test_none_of_several_months_is_closed_where_one_is_not_complete(
    months: Lake, through: str
) -> None:
    code, figures = close(months, "--through", through)
    assert (code, read_months(months).open_month) == (3, MARCH), figures


def test_a_month_that_has_not_ended_is_refused_and_one_that_has_not_begun_always(
    months: Lake,
) -> None:
    march = datetime(2015, 3, 31, 20, tzinfo=UTC)
    code, figures = close(months, now=march)
    assert (code, "2015-03: it has not ended" in figures["error"]) == (3, True)
    assert close(months, "--if-complete", now=march)[1]["closed"] is None
    assert close(months, now=march + timedelta(hours=4))[0] == 0
    code, figures = close(months, "--through", "2015-05", "--even-if-incomplete", now=march)
    assert (code, "2015-05 has not begun" in figures["error"]) == (3, True)


def test_a_month_that_is_closed_stays_so(months: Lake) -> None:
    code, figures = close(months, "--month", "2015-02")
    assert (code, figures["unchanged"], figures["open_month"]) == (0, True, "2015-03")
    assert read_months(months).open_month == MARCH


@pytest.mark.parametrize("month", ["2015-04", "2014-12"])
def test_a_month_that_is_neither_open_nor_closed_is_refused(months: Lake, month: str) -> None:
    code, figures = close(months, "--month", month)
    assert (code, figures["status"]) == (3, "refused")
    assert read_months(months).open_month == MARCH


def test_the_last_closed_month_is_opened_again(months: Lake) -> None:
    close(months)
    assert close(months, "--reopen", "2015-02")[0] == 3
    reopened = {"status": "done", "reopened": "2015-03", "open_month": "2015-03"}
    assert close(months, "--reopen", "2015-03") == (0, reopened)
    assert close(months, "--month", "2015-03")[1]["open_month"] == "2015-04"


def test_a_text_that_is_no_month_is_wrong_use(months: Lake) -> None:
    with pytest.raises(SystemExit, match="2"):
        close(months, "--month", "March")


def test_a_month_with_a_line_on_its_last_day_stays_open_and_says_what_is_missing(
    tmp_path: Path,
) -> None:
    days = [*days_of(FEBRUARY), *days_of(MARCH)[:10]]
    sales = [*(sold(day, shop) for day in days for shop in "12345678"), sold(date(2015, 3, 31))]
    lake = small_lake(tmp_path / "lake", sales, months=MonthRange(FEBRUARY, MARCH))
    code, figures = close(lake, "--if-complete")
    missing = [
        "11 of 31 days have sales (31 are usual)",
        "1 shops sold on 2015-03-31 (8 are usual)",
    ]
    assert (code, figures["closed"], figures["incomplete"]) == (0, None, {"2015-03": missing})


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize(("days", "closed"), [((1, 31), None), (range(1, 32), "2015-03")])
def test_a_first_month_is_complete_with_sales_on_its_days(
    lake: Lake, tmp_path: Path, days: Any, closed: str | None
) -> None:
    lines = [sale_line(date=f"{day:02}.03.2015") for day in days]
    folder = data_folder(tmp_path / "data", sales_a=sales_text(*lines))
    run(INGEST, "--data", folder, "--profile", "sample", "--lake", lake.root)
    assert close(lake, "--if-complete")[1]["closed"] == closed
