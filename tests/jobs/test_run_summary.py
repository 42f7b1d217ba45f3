"""The end of a pipeline run says what came in, how good the model is and what to try next."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from published import PublishedLake, forecast

from cli.run_summary import summarise_run
from lakehouse.settings import JobSettings

RESULTS: dict[str, dict[str, Any]] = {
    "ingest_history": {
        "files": 1, "files_skipped": 0, "received": 1250, "live": 1200, "tombstones": 0,
        "superseded": 20, "not_a_sale": 0, "rejected": 30, "first_month": "2013-09",
        "rejected_by_reason": {"date_implausible": 10, "price_unparsable": 20},
        "open_month": "2015-10",
    },
    "close_month": {"open_month": "2015-11", "incomplete": {"2015-11": ["sales on 3 days"]}},
    "backtest": {
        "folds": 6, "report": "file:///a/lake/reports/backtest-1.html",
        "overall": {
            "xgboost": {"rmse": 1.5}, "mean_of_3": {"rmse": 2.0}, "zero": {"rmse": 4.0},
        },
    },
    "promote": {"horizons": {1: {"champion": "2", "decision": "promoted"}}},
    "forecast": {
        "version": "v1", "rows": 3, "published": True, "month": date(2015, 11, 1),
    },
    "score_forecasts": {"retrain_due": False, "reasons": []},
}  # fmt: skip
TIMED = {name: {**figures, "seconds": 5.0} for name, figures in RESULTS.items()}


@pytest.fixture
def published(tmp_path: Path) -> PublishedLake:
    lake = PublishedLake(tmp_path / "lake")
    lake.publish("v0", forecast("9", "9", units=99.0))
    lake.publish("v1", forecast("1", "10"), forecast("A & B", "12", units=7.0))
    return lake


def lines_of(published: PublishedLake, **changes: dict[str, Any]) -> dict[str, str]:
    """Title → text of the summary's lines; ``changes`` replace fields of a step's result."""
    results = {name: {**figures, **changes.get(name, {})} for name, figures in TIMED.items()}
    text = summarise_run(results, published.lake, JobSettings(port=9000).api_url)
    return {line[2:12].strip(): line[13:] for line in text.splitlines() if line}


def test_a_run_ends_with_what_came_in_how_good_it_is_and_what_to_try(
    published: PublishedLake,
) -> None:
    lines = lines_of(published)
    assert len(lines) <= 12
    assert lines["came in"] == "1,250 records of 1 file: 1,200 sales, 20 superseded, 30 rejected"
    assert lines["rejected"] == "20 price_unparsable, 10 date_implausible"
    assert lines["months"] == (
        "2013-09 to 2015-11, which is open; 2015-11 stays open: sales on 3 days"
    )
    assert lines["model"] == (
        "xgboost: RMSE 1.500 units on 6 past months, 25% less than the best naive forecast "
        "(mean_of_3: 2.000)"
    )
    assert lines["forecasts"] == "3 from 2015-11 on, version v1"
    assert lines["champion"] == "horizon 1: version 2 (promoted)"
    assert lines["report"] == "/a/lake/reports/backtest-1.html"
    assert "retrain" not in lines


def test_the_example_asks_for_the_pair_with_the_greatest_forecast_of_the_version(
    published: PublishedLake,
) -> None:
    wanted = "curl 'http://127.0.0.1:9000/predict?shop_id=A+%26+B&item_id=12'"
    assert lines_of(published)["then ask"] == wanted


def test_a_model_worse_than_the_naive_forecasts_is_called_so(published: PublishedLake) -> None:
    worse = {"overall": {"zero": {"rmse": 2.0}, "xgboost": {"rmse": 3.0}}}
    assert "50% more than the best naive" in lines_of(published, backtest=worse)["model"]


def test_a_second_run_says_that_nothing_is_new(published: PublishedLake) -> None:
    lines = lines_of(
        published,
        ingest_history={"files": 0, "files_skipped": 2, "rejected_by_reason": {}},
        forecast={"published": False},
        score_forecasts={"retrain_due": True, "reasons": ["the champion is old"]},
    )
    assert lines["came in"] == "nothing new: all 2 files of sales were read before"
    assert lines["forecasts"].endswith("published before: nothing changed")
    assert lines["retrain"] == "the champion is old"
    assert "rejected" not in lines
