"""Backtest report: the results of all horizons → one HTML page."""

from collections.abc import Mapping, Sequence
from typing import Any

from lakehouse.profile.stored import stored_profile
from modelling.backtest.plan import Plan
from modelling.backtest.rolling import LAKE, Rolled, Row
from modelling.report.page import Part, page
from modelling.tuning.trials import PARAMETERS, Parameters

ADDED = ("rows", "forecast", "actual", "squares")


def report(plan: Plan, rolled: Mapping[int, Rolled], run: str) -> str:
    """Write the report of a backtest as HTML.

    Args:
        plan: the plan of the backtest.
        rolled: horizon → results of the horizon's folds.
        run: name of the backtest's run.
    """
    months = [fold.month for folds in plan.folds.values() for fold in folds]
    facts = {
        "lake": plan.lake.root,
        "run": run,
        "months forecast": f"{min(months):%Y-%m} to {max(months):%Y-%m}",
        "rows": f"spine {plan.spec.spine}",
        "parameters": parameters(plan.parameters),
    }
    parts = [part for horizon, each in rolled.items() for part in parts_of(horizon, each)]
    return page(f"Backtest of {stored_profile(plan.lake).name}", facts, parts)


def parameters(given: Parameters) -> str:
    """Write the parameters of the boosted trees and their source as text."""
    values = (f"{name} {getattr(given.model, name):g}" for name in PARAMETERS)
    return f"{given.source}: {', '.join(values)}"


def parts_of(horizon: int, rolled: Rolled) -> list[Part]:
    """Divide a horizon's results into parts, one per source of actuals."""
    sources = dict.fromkeys(score["actuals"] for score in rolled.scores)
    return [part(horizon, rolled, actuals) for actuals in sources]


def part(horizon: int, rolled: Rolled, actuals: str) -> Part:
    """Collect the content of the page for one horizon and source of actuals."""
    scores = [score for score in rolled.scores if score["actuals"] == actuals]
    ahead = "1 month" if horizon == 1 else f"{horizon} months"
    if actuals != LAKE:
        title = f"{ahead} ahead, the last month against {actuals}"
        return Part(title, scores, tuple(rolled.models))
    return Part(
        f"{ahead} ahead",
        scores,
        tuple(rolled.models),
        summed(rolled.bins),
        rolled.actuals,
        rolled.forecasts,
        {name: each for name, each in rolled.importance.items() if each},
    )


def summed(bins: Sequence[Row]) -> list[Row]:
    """Sum the calibration bins of all folds by model and bin."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for row in bins:
        sums = found.setdefault((row["model"], row["bin"]), dict.fromkeys(ADDED, 0))
        for name in ADDED:
            sums[name] += row[name]
    return [{"model": model, "bin": each, **sums} for (model, each), sums in found.items()]
