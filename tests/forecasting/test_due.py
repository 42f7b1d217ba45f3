"""What is scored: served forecasts of closed months, again when the month's sales changed."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from forecasting.due_for_scoring import DueForecasts, changed_months, due_for_scoring
from forecasting.versions import ForecastVersion
from lakehouse.month_range import MonthRange

CLOSED = MonthRange(date(2015, 1, 1), date(2015, 6, 1))
MAY, JUNE, JULY = (date(2015, month, 1) for month in (5, 6, 7))
CELLS = {MAY: "may", JUNE: "june"}


def version(name: str = "v1", **values: Any) -> ForecastVersion:
    """A version of the cutoff April with two horizons."""
    inputs = json.dumps({"models": {"1": "near", "2": "far"}, "gold/panel": "x"})
    fixed = {"cutoff": date(2015, 4, 1), "model": "near,far", "inputs": inputs}
    status = {"status": "published", "withdrawn_at": None, "rows": 1}
    at = {"published_at": datetime(2015, 5, 1, tzinfo=UTC)}
    return ForecastVersion(**{"version": name, **fixed, **status, **at, **values})


def found(
    *versions: ForecastVersion, scored: dict[tuple[str, date], str] | None = None
) -> list[DueForecasts]:
    return list(due_for_scoring(versions, CLOSED, CELLS, scored or {}))


def test_every_horizon_is_scored_in_its_month_by_its_model() -> None:
    assert found(version()) == [
        DueForecasts("v1", MAY, 1, "near", "may"),
        DueForecasts("v1", JUNE, 2, "far", "june"),
    ]


def test_a_month_that_is_not_closed_waits() -> None:
    (only,) = found(version(cutoff=MAY))
    assert only.month == JUNE


def test_a_version_of_one_horizon_names_its_model_alone() -> None:
    (only,) = found(version(inputs='{"model": "old"}', model="old"))
    assert (only.horizon, only.run) == (1, "old")


def test_what_was_scored_is_scored_again_when_its_sales_changed() -> None:
    scored = {("v1", MAY): "may", ("v1", JUNE): "other"}
    assert [one.month for one in found(version(), scored=scored)] == [JUNE]
    assert found(version(), scored={**scored, ("v1", JUNE): "june"}) == []


@pytest.mark.parametrize(
    ("withdrawn", "months"),
    [
        (datetime(2015, 4, 30, 23, tzinfo=UTC), []),
        (datetime(2015, 5, 1, tzinfo=UTC), [MAY]),
        (datetime(2015, 6, 30, tzinfo=UTC), [MAY, JUNE]),
        (None, []),
    ],
)
def test_a_version_counts_where_it_was_served_in_the_month(
    withdrawn: datetime | None, months: list[date]
) -> None:
    gone = version(status="withdrawn", withdrawn_at=withdrawn)
    assert [one.month for one in found(gone)] == months


def test_a_month_without_any_sale_is_scored_too() -> None:
    april = found(version(cutoff=date(2015, 2, 1), inputs='{"models": {"2": "far"}}'))
    assert [(one.month, one.cells) for one in april] == [(date(2015, 4, 1), "none")]


def test_older_versions_come_first() -> None:
    assert [one.version for one in found(version("b"), version("a"))] == ["a", "a", "b", "b"]


def test_a_month_has_changed_if_any_of_its_scores_rests_on_other_sales() -> None:
    scored = {("v1", MAY): "may", ("v2", MAY): "may", ("v1", JUNE): "june", ("v2", JUNE): "older"}
    assert changed_months(CELLS, scored) == {JUNE}
    assert changed_months({}, {("v1", MAY): "none"}) == set()
