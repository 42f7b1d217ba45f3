"""A new model is due when the champion is old, was made by other code, or did badly in a month."""

from datetime import date
from typing import Any

import pytest

from forecasting.retrain import ChampionHealth, ServedScore, list_retrain_reasons
from lakehouse.profile.rules import Retrain

RULES = Retrain(age_months=3, error_margin=0.2, coverage_low=0.7, coverage_high=0.9)
MAY = date(2015, 5, 1)


def scored(rmse: float, coverage: float | None = 0.8, naive: float = 9.0) -> dict[str, ServedScore]:
    """Scores of a month."""
    errors = {"served": (rmse, coverage), "last_month": (naive, None), "zero": (naive + 1, None)}
    return {model: ServedScore("v1", MAY, model, *error) for model, error in errors.items()}


def health(rmse: float = 1.0, **values: Any) -> ChampionHealth:
    fixed = {"age": 1, "expected": 1.0, "month": MAY, "scores": scored(rmse)}
    return ChampionHealth(**{"horizon": 2, **fixed, **values})


@pytest.mark.parametrize(
    ("champion", "words"),
    [
        (health(), None),
        (health(age=3), None),
        (health(age=4), "cutoff is 4 months ago, more than 3"),
        (health(features_changed=True), "declared features are not those"),
        (health(code_changed=True), "the code of features or models changed"),
        (health(1.2), None),
        (health(1.21), "RMSE 1.2100 is above 1.2000, made from 1.0000 in the backtest"),
        (health(5, expected=None), None),
        (health(scores=scored(1.0, naive=1.0)), None),
        (health(scores=scored(1.0, naive=0.9)), "above that of last_month, 0.9000"),
        (health(scores=scored(1.0, 0.7)), None),
        (health(scores=scored(1.0, 0.9)), None),
        (health(scores=scored(1.0, 0.69)), "69.0% of actuals are in the 80 % interval"),
        (health(scores=scored(1.0, 0.91)), "91.0% of actuals"),
        (health(scores=scored(1.0, None)), None),
        (health(month=None, scores={}), None),
    ],
)
def test_each_threshold_counts_and_its_edge_does_not(
    champion: ChampionHealth, words: str | None
) -> None:
    found = list_retrain_reasons(champion, RULES)
    assert len(found) == (words is not None), found
    assert words is None or words in found[0]


def test_a_reason_names_horizon_and_month() -> None:
    (found,) = list_retrain_reasons(health(1.3), RULES)
    assert found.startswith("horizon 2, 2015-05: RMSE 1.3000")


def test_all_reasons_are_given() -> None:
    bad = health(age=9, code_changed=True, scores=scored(2.0, 0.1, naive=1.0))
    assert len(list_retrain_reasons(bad, RULES)) == 5


def test_without_a_champion_one_is_due() -> None:
    assert list_retrain_reasons(ChampionHealth(1, None), RULES) == [
        "horizon 1: there is no champion."
    ]
