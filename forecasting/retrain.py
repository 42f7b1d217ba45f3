"""Whether a new model is due: judged by age, code, and how its forecasts did in closed months."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from lakehouse.profile.rules import Retrain

SERVED = "served"


@dataclass(frozen=True)
class Standing:
    """What is known of the champion of a horizon.

    Attributes:
        horizon: months from cutoff to target month.
        age: months from the model's cutoff to the lake's; None: there is no champion.
        expected: RMSE in its backtest, units; None: it has none.
        month: the newest month in which its forecasts were scored; None: none was yet.
        scores: forecaster, ``served`` or a naive baseline → its metrics in that month.
        features_changed: features are declared that it did not learn from, or the reverse.
        code_changed: the program that made it is another now.
    """

    horizon: int
    age: int | None
    expected: float | None = None
    month: date | None = None
    scores: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    features_changed: bool = False
    code_changed: bool = False


def reasons(standing: Standing, rules: Retrain) -> list[str]:
    """Say why a new model is due, in sentences; none: it is not."""
    if standing.age is None:
        return [f"horizon {standing.horizon}: there is no champion."]
    found = [*by_making(standing, standing.age, rules)]
    if standing.month is not None and SERVED in standing.scores:
        found += by_month(standing.scores, standing.expected, rules)
    at = f"horizon {standing.horizon}" + (f", {standing.month:%Y-%m}" if standing.month else "")
    return [f"{at}: {reason}" for reason in found]


def by_making(standing: Standing, age: int, rules: Retrain) -> Iterator[str]:
    """Judge what the model was made from."""
    if age > rules.age_months:
        yield f"the champion's cutoff is {age} months ago, more than {rules.age_months}."
    if standing.features_changed:
        yield "the declared features are not those that the champion learned from."
    if standing.code_changed:
        yield "the code of features or models changed since the champion was made."


def by_month(
    scores: Mapping[str, Mapping[str, Any]], expected: float | None, rules: Retrain
) -> Iterator[str]:
    """Judge the errors of the newest closed month."""
    served = scores[SERVED]
    rmse, coverage = served["rmse"], served["coverage"]
    limit = None if expected is None else expected * (1 + rules.error_margin)
    if limit is not None and not rmse <= limit:
        yield f"RMSE {rmse:.4f} is above {limit:.4f}, made from {expected:.4f} in the backtest."
    naive = {name: score["rmse"] for name, score in scores.items() if name != SERVED}
    best = min(naive, key=lambda name: naive[name], default=None)
    if best is not None and not rmse <= naive[best]:
        yield f"RMSE {rmse:.4f} is above that of {best}, {naive[best]:.4f}."
    is_out = coverage is not None and not rules.coverage_low <= coverage <= rules.coverage_high
    if is_out:
        yield (
            f"{coverage:.1%} of actuals are in the 80 % interval, not between "
            f"{rules.coverage_low:.0%} and {rules.coverage_high:.0%}."
        )
