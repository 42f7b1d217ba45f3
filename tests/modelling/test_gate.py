"""The gate lets a candidate through where every margin holds, and says where one does not."""

from datetime import date
from typing import Any

import pytest

from lakehouse.profile.rules import Gate
from modelling.evaluation.metrics import OF_INTERVALS
from modelling.evaluation.score import Score
from modelling.evaluation.segments import SEGMENTS
from modelling.promotion.gate import (
    CANDIDATE,
    CHAMPION,
    EVERY_ROW,
    JUDGED,
    Verdict,
    evaluate,
    pooled,
)

NAIVE = ("last_month", "zero")
NEW = ("item", "new")
RULES = Gate(champion_margin=0, naive_margin=0, segment_margin=0.05, segment_rows=200)


def verdict(
    overall: dict[str, float],
    new_items: dict[str, float] | None = None,
    rules: Gate = RULES,
    rows: int = 200,
) -> Verdict:
    """Judge by errors overall and, where given, of new items."""
    places = {EVERY_ROW: overall, **({NEW: new_items} if new_items else {})}
    scores = {
        place: {name: {"rows": rows, "rmse": error} for name, error in errors.items()}
        for place, errors in places.items()
    }
    return evaluate(scores, rules, NAIVE)


def errors(candidate: float, champion: float | None, naive: float = 2.0) -> dict[str, float]:
    found = {CANDIDATE: candidate, "last_month": naive, "zero": 3.0}
    return found if champion is None else {**found, CHAMPION: champion}


@pytest.mark.parametrize(
    ("candidate", "champion", "rules", "accepted"),
    [
        (0.9, 1.0, {}, True),
        (1.0, 1.0, {}, True),
        (1.0001, 1.0, {}, False),
        (0.99, 1.0, {"champion_margin": 0.01}, True),
        (0.9901, 1.0, {"champion_margin": 0.01}, False),
        (1.9999, None, {}, True),
        (2.0, None, {}, False),
        (1.9, None, {"naive_margin": 0.05}, False),
        (1.8999, None, {"naive_margin": 0.05}, True),
    ],
)
def test_overall_no_worse_than_the_champion_and_better_than_the_best_naive(
    candidate: float, champion: float | None, rules: dict[str, float], accepted: bool
) -> None:
    found = verdict(errors(candidate, champion), rules=RULES.model_copy(update=rules))
    assert found.is_accepted is accepted, found.table


def test_better_than_the_champion_is_not_enough_where_a_naive_forecast_is_better_still() -> None:
    found = verdict(errors(2.5, 2.6))
    assert not found.is_accepted
    assert found.reason == (
        "overall: RMSE 2.5000 is not below 2.0000, made from last_month's 2.0000."
    )


@pytest.mark.parametrize(
    ("champion", "rows", "new_items", "accepted"),
    [
        (1.0, 200, errors(1.05, 1.0), True),
        (1.0, 200, errors(1.06, 1.0), False),
        (1.0, 199, errors(1.06, 1.0), True),
        (1.0, 200, errors(0.1, 0.0), True),
        (None, 200, errors(2.1, None), True),
        (None, 200, errors(2.2, None), False),
    ],
)
def test_in_a_segment_of_rows_enough_worse_by_the_margin_at_most(
    champion: float | None, rows: int, new_items: dict[str, float], accepted: bool
) -> None:
    found = verdict(errors(0.9, champion), new_items, rows=rows)
    assert found.is_accepted is accepted, found.table


def test_a_segment_of_another_kind_decides_nothing() -> None:
    scores: dict[Any, Any] = {
        place: {name: {"rows": 999, "rmse": error} for name, error in found.items()}
        for place, found in ((EVERY_ROW, errors(0.9, 1)), (("shop", "7"), errors(9, 1)))
    }
    assert evaluate(scores, RULES, NAIVE).is_accepted


def test_what_is_judged_is_a_segment_that_is_scored() -> None:
    assert set(JUDGED) <= {segment.name for segment in SEGMENTS}


def test_the_table_names_every_check_and_the_one_that_failed() -> None:
    found = verdict(errors(0.9, 1.0), errors(1.2, 1.0))
    lines = found.table.splitlines()
    assert len(lines) == 2 + 3
    assert [line.split()[0] for line in lines[2:]] == ["overall", "overall", "item"]
    assert [line.endswith("NOT MET") for line in lines[2:]] == [False, False, True]
    assert found.reason.startswith("item new: RMSE 1.2000 is above 1.0500")


def test_scores_are_pooled_over_folds_by_rows() -> None:
    def row(rows: int, rmse: float) -> Score:
        fixed = {"segment": "all", "value": "all", "month": date(2015, 9, 1), "model": "any"}
        zeros = dict.fromkeys(("mae", "bias", "volume", *OF_INTERVALS), 0.0)
        return Score(**fixed, **zeros, rows=rows, rmse=rmse)

    found = pooled({CANDIDATE: [row(9, 0.0), row(1, 10.0)], "zero": [row(10, 1.0)]})
    assert found[EVERY_ROW][CANDIDATE]["rmse"] == pytest.approx(10**0.5, abs=1e-5)
    assert found[EVERY_ROW]["zero"]["rows"] == 10


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("champion", [NAN, INF, -INF])
@pytest.mark.parametrize(("candidate", "accepted"), [(1.9, True), (2.0, False)])
def test_a_champion_without_a_finite_error_is_passed_over_for_the_best_naive_forecast(
    champion: float, candidate: float, accepted: bool
) -> None:
    found = verdict(errors(candidate, champion), errors(2.2, champion))
    assert not found.is_accepted, "the segment is held against the naive forecast"
    assert [check.against for check in found.checks] == ["last_month", "last_month"]
    assert verdict(errors(candidate, champion)).is_accepted is accepted


def test_a_segment_without_a_finite_error_of_the_champion_decides_nothing() -> None:
    assert verdict(errors(0.9, 1.0), errors(1.0, NAN)).is_accepted


@pytest.mark.parametrize("candidate", [NAN, INF])
@pytest.mark.parametrize("other", [1.0, NAN, INF, None])
def test_an_error_that_is_not_finite_loses_against_any(
    candidate: float, other: float | None
) -> None:
    assert not verdict(errors(candidate, other)).is_accepted
    assert not verdict(errors(candidate, other, naive=NAN)).is_accepted
    assert not verdict(errors(0.9, 1.0), errors(candidate, 1.0)).is_accepted
