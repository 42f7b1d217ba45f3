"""Pooled scores are those of all rows together."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelling.evaluation.score import Score
from modelling.evaluation.scoreboard import as_text, overall

MONTHS = [date(2015, 8, 1), date(2015, 9, 1), date(2015, 10, 1)]
ERRORS = st.lists(st.floats(-50, 50), min_size=1, max_size=30)


def score(month: date, model: str, errors: list[float]) -> Score:
    values = np.array(errors)
    return Score(
        month=month,
        model=model,
        segment="all",
        value="all",
        rows=len(values),
        volume=3.0,
        wape=float(np.abs(values).sum() / 3),
        rmse=float(np.sqrt((values**2).mean())),
        mae=float(np.abs(values).mean()),
        bias=float(values.mean()),
    )


@settings(deadline=None, database=None)
@given(st.tuples(ERRORS, ERRORS, ERRORS))
def test_pooled_scores_equal_those_of_all_rows(errors: tuple[list[float], ...]) -> None:
    scores = [score(month, "m", mine) for month, mine in zip(MONTHS, errors, strict=True)]
    together = score(MONTHS[0], "m", [error for mine in errors for error in mine])
    pooled = overall(scores)["m"]
    assert pooled["rows"] == together.rows
    for name in ("rmse", "mae", "bias"):
        assert pooled[name] == pytest.approx(together.metric(name), abs=1.1e-5)


def test_the_mean_of_the_months_is_not_the_pooled_score() -> None:
    scores = [score(MONTHS[0], "m", [0.0] * 9), score(MONTHS[1], "m", [10.0])]
    assert overall(scores)["m"]["rmse"] == pytest.approx(np.sqrt(10), abs=1e-5)


def test_the_smallest_error_comes_first() -> None:
    scores = [
        score(MONTHS[0], model, [size]) for model, size in (("b", 2.0), ("a", 1.0), ("c", 3.0))
    ]
    assert list(overall(scores)) == ["a", "b", "c"]


def test_no_scores_are_no_models() -> None:
    assert overall([]) == {}


def table_of(scores: list[Score]) -> list[list[str]]:
    return [line.split() for line in as_text(scores).splitlines()]


def test_the_table_has_a_line_per_month_and_one_for_all() -> None:
    scores = [
        score(month, model, [size])
        for month in reversed(MONTHS)
        for model, size in (("zero", 2.0), ("xgboost", -1.0))
    ]
    lines = table_of(scores)
    heads = [line[0] for line in lines if line]
    assert heads == ["RMSE", "2015-08", "2015-09", "2015-10", "all", "RMSE"]
    assert lines[1][-2:] == ["xgboost", "zero"]
    assert lines[2] == ["2015-08", "1.0000", "/", "1.0000", "2.0000", "/", "2.0000"]
    assert len({len(line) for line in as_text(scores).splitlines() if line}) == 1


def test_a_segment_is_pooled_apart_from_all_rows() -> None:
    new = {"segment": "item", "value": "new"}
    scores = [
        *(score(month, "m", [1.0]) for month in MONTHS),
        *(replace(score(month, "m", [-3.0]), **new) for month in MONTHS),
        replace(score(MONTHS[0], "m", [9.0]), segment="shop", value="5"),
    ]
    assert overall(scores)["m"]["rmse"] == 1.0
    assert table_of(scores)[-1] == ["item", "new", "3.0000", "/", "-3.0000"]


def test_a_share_that_one_score_does_not_have_is_not_pooled() -> None:
    known, unknown = (replace(score(MONTHS[0], "m", [1.0]), coverage=c) for c in (0.5, None))
    assert overall([known, known])["m"]["coverage"] == 0.5
    assert "coverage" not in overall([known, unknown])["m"]
