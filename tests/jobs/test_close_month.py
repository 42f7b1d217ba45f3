from datetime import date
from pathlib import Path
from typing import Any

import pytest
from builders import data_folder, sale_line, sales_text
from job_runs import NOW, run

from jobs.close_month import JOB
from jobs.ingest_history import JOB as INGEST
from lakehouse.lake import Lake
from lakehouse.lake_months import extend, read_months

FEBRUARY, MARCH = date(2015, 2, 1), date(2015, 3, 1)


@pytest.fixture
def months(lake: Lake) -> Lake:
    """A lake whose open month is March 2015 and has no sale."""
    extend(lake, FEBRUARY, MARCH, NOW)
    return lake


def close(lake: Lake, *arguments: object) -> tuple[int, dict[str, Any]]:
    return run(JOB, "--lake", lake.root, *arguments)


def test_the_open_month_is_closed_and_the_next_opened(months: Lake) -> None:
    closed = {"status": "done", "closed": "2015-03", "unchanged": False, "open_month": "2015-04"}
    assert close(months) == (0, closed)
    assert read_months(months).cutoff == MARCH


def test_several_months_are_closed_at_once(months: Lake) -> None:
    for unchanged in (False, True):
        closed = {"closed": "2015-06", "unchanged": unchanged, "open_month": "2015-07"}
        assert close(months, "--through", "2015-06") == (0, {"status": "done", **closed})


def test_a_month_that_is_closed_stays_so(months: Lake) -> None:
    code, figures = close(months, "--month", "2015-02")
    assert (code, figures["unchanged"], figures["open_month"]) == (0, True, "2015-03")
    assert read_months(months).open_month == MARCH


@pytest.mark.parametrize("month", ["2015-04", "2014-12"])
def test_a_month_that_is_neither_open_nor_closed_is_refused(months: Lake, month: str) -> None:
    code, figures = close(months, "--month", month)
    assert (code, figures["status"]) == (3, "refused")
    assert read_months(months).open_month == MARCH


def test_a_text_that_is_no_month_is_wrong_use(months: Lake) -> None:
    with pytest.raises(SystemExit, match="2"):
        close(months, "--month", "March")


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize(("last", "closed"), [("30.03.2015", None), ("31.03.2015", "2015-03")])
def test_a_month_is_complete_with_a_sale_on_its_last_day(
    lake: Lake, tmp_path: Path, last: str, closed: str | None
) -> None:
    folder = data_folder(tmp_path / "data", sales_a=sales_text(sale_line(), sale_line(date=last)))
    run(INGEST, "--data", folder, "--profile", "sample", "--lake", lake.root)
    assert close(lake, "--if-complete")[1]["closed"] == closed
