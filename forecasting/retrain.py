"""Retraining rules: decide by age, features, code and served errors whether to train again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from lakehouse.forecast_scores import SERVED
from lakehouse.profile.rules import Retrain


@dataclass(frozen=True)
class ServedScore:
    """Errors of one forecaster over all pairs of a version in one month.

    Attributes:
        version: name of the forecast version.
        month: target month.
        model: ``served`` or the name of a naive baseline.
        rmse: root mean squared error, units.
        coverage: share of actuals within the 80 % interval, 0 to 1; None: no intervals.
    """

    version: str
    month: date
    model: str
    rmse: float
    coverage: float | None


@dataclass(frozen=True)
class ChampionHealth:
    """The state of a horizon's champion.

    Attributes:
        horizon: months from cutoff to target month.
        age: months from the model's cutoff to the last closed month; None: no champion.
        expected: RMSE of the model in the backtest of its promotion, units; None: no such RMSE.
        month: newest month in which the model's forecasts were scored; None: never scored.
        scores: forecaster, ``served`` or a naive baseline → errors in ``month``.
        features_changed: whether the declared features differ from the model's features.
        code_changed: whether the code that determines forecasts changed since the training.
    """

    horizon: int
    age: int | None
    expected: float | None = None
    month: date | None = None
    scores: Mapping[str, ServedScore] = field(default_factory=dict)
    features_changed: bool = False
    code_changed: bool = False


def list_retrain_reasons(health: ChampionHealth, rules: Retrain) -> list[str]:
    """List the reasons to train a new model, in sentences; empty: the champion may stay."""
    if health.age is None:
        return [f"horizon {health.horizon}: there is no champion."]
    reasons = [*by_making(health, health.age, rules)]
    if health.month is not None and SERVED in health.scores:
        reasons += by_errors(health.scores, health.expected, rules)
    at = f"horizon {health.horizon}" + (f", {health.month:%Y-%m}" if health.month else "")
    return [f"{at}: {reason}" for reason in reasons]


def by_making(health: ChampionHealth, age: int, rules: Retrain) -> Iterator[str]:
    """Yield the reasons that come from the model's age, features and code."""
    if age > rules.age_months:
        yield f"the champion's cutoff is {age} months ago, more than {rules.age_months}."
    if health.features_changed:
        yield "the declared features are not those that the champion learned from."
    if health.code_changed:
        yield "the code of features or models changed since the champion was made."


def by_errors(
    scores: Mapping[str, ServedScore], expected: float | None, rules: Retrain
) -> Iterator[str]:
    """Yield the reasons that come from errors and coverage in the newest scored month.

    Args:
        scores: forecaster, ``served`` or a naive baseline → errors in the month.
        expected: RMSE of the model in the backtest, units; None: not compared.
        rules: the profile's margins.
    """
    rmse, coverage = scores[SERVED].rmse, scores[SERVED].coverage
    limit = None if expected is None else expected * (1 + rules.error_margin)
    if limit is not None and not rmse <= limit:
        yield f"RMSE {rmse:.4f} is above {limit:.4f}, made from {expected:.4f} in the backtest."
    naive = {name: score.rmse for name, score in scores.items() if name != SERVED}
    best = min(naive, key=lambda name: naive[name], default=None)
    if best is not None and not rmse <= naive[best]:
        yield f"RMSE {rmse:.4f} is above that of {best}, {naive[best]:.4f}."
    is_out = coverage is not None and not rules.coverage_low <= coverage <= rules.coverage_high
    if is_out:
        yield (
            f"{coverage:.1%} of actuals are in the 80 % interval, not between "
            f"{rules.coverage_low:.0%} and {rules.coverage_high:.0%}."
        )
