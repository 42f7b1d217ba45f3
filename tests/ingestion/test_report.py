"""What an ingest prints and returns of its files."""

import logging
from datetime import UTC, date, datetime

import pytest
from builders import profile

from ingestion.files.folder import NotRead
from ingestion.reconciliation.dry_run import DryRun
from ingestion.reconciliation.reconciliation import FileReconciliation
from ingestion.report import (
    report_control_figures,
    report_files,
    report_not_read,
    report_refused,
    report_same_names,
    write_gap,
)
from ingestion.sales.control_figures import ControlFigures, Returns
from lakehouse.month_range import MonthRange

FILE = FileReconciliation("1", 10, live=6, rejected=4, reasons={"units_unparsable": 4})
OTHER = FileReconciliation("2", 2, live=1, superseded=1)


@pytest.fixture(autouse=True)
def _progress(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "shopcast")


def test_files_are_summed_and_each_reason_says_what_a_valid_record_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    figures = report_files([FILE, OTHER], {"1": "a.csv", "2": "b.csv"}, profile())
    assert [figures[name] for name in ("received", "live", "superseded", "rejected")] == [
        *(12, 7, 1, 4)
    ]
    assert figures["rejected_share"] == 0.33333
    assert figures["rejected_by_reason"] == {"units_unparsable": 4}
    assert "4 rejected: units_unparsable (valid: the units are a number)" in caplog.text


def test_a_dry_run_names_what_an_ingest_refuses(caplog: pytest.LogCaptureFixture) -> None:
    figures = ControlFigures(returns=Returns(1, 19, ["(2)"]))
    limits = profile(most_rejected=0.3).sales
    refused = report_refused(DryRun([FILE, OTHER], figures), {"1": "a.csv", "2": "b.csv"}, limits)
    assert refused["refused"] == ["a.csv"]
    assert "19 of 20 records of returned units" in str(refused["returns_refused"])
    assert "most_rejected = 0.3 of the records of a.csv are rejected" in caplog.text


def test_unlisted_ids_and_rejected_returns_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    figures = ControlFigures(returns=Returns(5, 1, ["(2)"]))
    figures.unlisted["shop_id"].update({"9": 3, "8": 4})
    assert report_control_figures(figures) == {
        "unlisted": {
            "shop_id": {"sales": 7, "ids": 2, "first": ["8", "9"]},
            "item_id": {"sales": 0, "ids": 0, "first": []},
        },
        "returns": {"taken": 5, "rejected": 1, "first_rejected": ["(2)"]},
    }
    assert "7 sales have a shop_id that no list has (2 values): 8, 9" in caplog.text
    assert "1 records of returned units are rejected, 5 are ingested" in caplog.text


def test_files_that_look_like_data_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    left_out = [NotRead("Sales.csv", "differs in case", True), NotRead("notes.txt", "?", False)]
    assert report_not_read(left_out) == {
        "files_not_read": 2,
        "not_read": {"Sales.csv": "differs in case", "notes.txt": "?"},
    }
    assert "WARNING: Sales.csv" in caplog.text
    assert "notes.txt" not in caplog.text
    assert report_same_names({}) == {}
    report_same_names({"a.csv": datetime(2015, 3, 7, tzinfo=UTC)})
    assert "a.csv was read before with other contents (2015-03-07" in caplog.text


def test_a_gap_is_written_as_its_months() -> None:
    march, may = date(2015, 3, 1), date(2015, 5, 1)
    assert write_gap(MonthRange(march, march)) == "2015-03"
    assert write_gap(MonthRange(march, may)) == "2015-03 to 2015-05 (3 months)"
