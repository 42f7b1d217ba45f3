"""A report is one file that says what was measured, with a figure for everything."""

import base64
import re
from datetime import date
from typing import Any
from xml.etree import ElementTree

import pytest

from modelling.evaluation.diagnostics import CalibrationBin, SeriesActual, SeriesForecast
from modelling.evaluation.metrics import OF_INTERVALS
from modelling.evaluation.score import Score
from modelling.report.page import Chapter, page

MONTHS = [date(2015, 8, 1), date(2015, 9, 1)]
ERRORS = {"xgboost": 0.5, "random_forest": 0.6, "zero": 2.0, "last_month": 1.0}
PLACES = (
    ("all", "all"),
    ("demand", "0"),
    ("demand", "1-2"),
    ("item", "new"),
    ("rank", "top 100"),
    ("shop", "<5>"),
    ("category", "books & more"),
)
PAIRS = (("5", "10"), ("6", "10"), ("6", "11"))


def score(model: str, month: date, place: tuple[str, str], **others: Any) -> Score:
    error = ERRORS[model]
    same = {"rows": 50, "volume": 80.0, "rmse": error, "mae": error / 2, "bias": -error / 4}
    where = {"segment": place[0], "value": place[1], "model": model, "month": month}
    return Score(**{**where, **same, "wape": 0.3, **others})


def part(**others: Any) -> Chapter:
    """A backtest of four models, of which two learn."""
    usual: dict[str, Any] = {
        "title": "1 month ahead",
        "scores": [score(m, month, p) for m in ERRORS for month in MONTHS for p in PLACES],
        "learned": ["xgboost", "random_forest"],
        "bins": [
            CalibrationBin(m, b, rows=9, forecast=2.0**b, actual=2.0**b, squares=90.0)
            for m in ERRORS
            for b in range(4)
        ],
        "actuals": [
            SeriesActual(shop, item, month, target=2.0) for shop, item in PAIRS for month in MONTHS
        ],
        "forecasts": [
            SeriesForecast(shop, item, month, model, *units)
            for shop, item in PAIRS
            for month in MONTHS
            for model, units in (
                ("xgboost", (1.5, 0.5, 3.0)),
                ("random_forest", (1.0, None, None)),
            )
        ],
        "importance": {"xgboost": {"by gain": {"lag_1": 3.0, "lag_2": 1.0}}},
    }
    return Chapter(**{**usual, **others})


def headings(html: str) -> list[str]:
    return re.findall(r"<h3>(.*?)</h3>", html)


def images(html: str) -> list[str]:
    """The SVG text of every figure."""
    sources = re.findall(r'<img alt="[^"]+" src="data:image/svg\+xml;base64,([^"]+)">', html)
    return [base64.b64decode(source).decode() for source in sources]


def usual_page() -> str:
    return page("Backtest of <1c>", {"rows": "all & more", "lake": "a<b"}, [part()])


@pytest.fixture(scope="module")
def html() -> str:
    """The page of a backtest, which takes most of a second to draw."""
    return usual_page()


def test_the_page_has_a_figure_under_every_heading(html: str) -> None:
    assert headings(html) == [
        "Error by month",
        "Error by segment",
        "Error by shop",
        "Error by category",
        "Forecast against actual",
        "Calibration",
        "What xgboost looks at",
    ]
    drawn = images(html)
    assert len(drawn) == len(headings(html))
    assert all(ElementTree.fromstring(svg).tag.endswith("svg") for svg in drawn)


def test_the_page_needs_no_other_file(html: str) -> None:
    assert re.findall(r'(?:src|href)="(?!data:)', html) == []
    assert "<script" not in html


def test_names_are_text_not_markup(html: str) -> None:
    assert "<h1>Backtest of &lt;1c&gt;</h1>" in html
    assert "<dd>a&lt;b</dd>" in html


@pytest.mark.parametrize(("naive", "said"), [(1.0, "50.0% below"), (0.4, "25.0% ABOVE")])
def test_the_verdict_sets_the_best_model_beside_the_best_naive_one(
    naive: float, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ERRORS, "last_month", naive)
    html = page("t", {}, [part()])
    assert f"{said} the best naive baseline, last_month, on the same 100 rows" in html


def test_the_table_has_a_line_per_model_the_best_first(html: str) -> None:
    assert re.findall(r"<tr><td>(\w+)</td><td>([\d.]+)</td>", html) == [
        (model, f"{ERRORS[model]:.4f}")
        for model in ("xgboost", "random_forest", "last_month", "zero")
    ]


@pytest.mark.slow
def test_coverage_is_drawn_where_there_are_intervals() -> None:
    intervals = {**dict.fromkeys(OF_INTERVALS, 0.1), "coverage": 0.8}
    scores = [
        score(m, month, p, **(intervals if m == "xgboost" else {}))
        for m in ERRORS
        for month in MONTHS
        for p in PLACES
    ]
    html = page("t", {}, [part(scores=scores)])
    assert "Coverage of the 80 % interval" in headings(html)
    assert "<td>80.0%</td>" in html


def test_scores_alone_make_a_page() -> None:
    html = page(
        "t", {}, [Chapter("against other files", part().scores, ["xgboost", "random_forest"])]
    )
    assert headings(html)[-1] == "Error by category"


@pytest.mark.slow
def test_the_same_findings_are_the_same_page(html: str) -> None:
    assert usual_page() == html
