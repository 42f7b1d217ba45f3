"""Pooled scores are those of all rows together."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.modelling.scoreboard import as_text, overall

MONTHS = [date(2015, 8, 1), date(2015, 9, 1), date(2015, 10, 1)]
ERRORS = st.lists(st.floats(-50, 50), min_size=1, max_size=30)


def score(month: date, model: str, errors: list[float]) -> dict[str, Any]:
    values = np.array(errors)
    return {
        "month": month,
        "model": model,
        "rows": len(values),
        "rmse": np.sqrt((values**2).mean()),
        "mae": np.abs(values).mean(),
        "bias": values.mean(),
    }


@settings(deadline=None, database=None)
@given(st.tuples(ERRORS, ERRORS, ERRORS))
def test_pooled_scores_equal_those_of_all_rows(errors: tuple[list[float], ...]) -> None:
    scores = [score(month, "m", mine) for month, mine in zip(MONTHS, errors, strict=True)]
    together = score(MONTHS[0], "m", [error for mine in errors for error in mine])
    pooled = overall(scores)["m"]
    assert pooled["rows"] == together["rows"]
    for name in ("rmse", "mae", "bias"):
        assert pooled[name] == pytest.approx(together[name], abs=1.1e-5)


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


def test_the_table_has_a_line_per_month_and_one_for_all() -> None:
    scores = [
        score(month, model, [size])
        for month in reversed(MONTHS)
        for model, size in (("zero", 2.0), ("xgboost", -1.0))
    ]
    lines = as_text(scores).splitlines()
    assert [line.split()[0] for line in lines[1:]] == [
        "RMSE",
        "2015-08",
        "2015-09",
        "2015-10",
        "all",
    ]
    assert lines[1].split()[-2:] == ["xgboost", "zero"]
    assert lines[2].split() == ["2015-08", "1.0000", "/", "1.0000", "2.0000", "/", "2.0000"]
    assert len({len(line) for line in lines[1:]}) == 1
