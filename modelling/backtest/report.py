"""Backtest report: the results of all horizons → one HTML page."""

from collections.abc import Iterable, Mapping

from modelling.backtest.plan import Plan
from modelling.backtest.rolling import Rolled
from modelling.evaluation.diagnostics import CalibrationBin
from modelling.evaluation.score import LAKE
from modelling.report.page import Chapter, page
from modelling.tuning.trials import PARAMETERS, Parameters


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
    chapters = [
        chapter for horizon, each in rolled.items() for chapter in chapters_of(horizon, each)
    ]
    return page(f"Backtest of {plan.profile.name}", facts, chapters)


def parameters(given: Parameters) -> str:
    """Write the parameters of the boosted trees and their source as text."""
    values = (f"{name} {getattr(given.model, name):g}" for name in PARAMETERS)
    return f"{given.source}: {', '.join(values)}"


def chapters_of(horizon: int, rolled: Rolled) -> list[Chapter]:
    """Divide a horizon's results into chapters, one per source of actuals."""
    sources = dict.fromkeys(score.actuals for score in rolled.scores)
    return [chapter(horizon, rolled, actuals) for actuals in sources]


def chapter(horizon: int, rolled: Rolled, actuals: str) -> Chapter:
    """Collect the content of the page for one horizon and source of actuals."""
    scores = [score for score in rolled.scores if score.actuals == actuals]
    ahead = "1 month" if horizon == 1 else f"{horizon} months"
    if actuals != LAKE:
        title = f"{ahead} ahead, the last month against {actuals}"
        return Chapter(title, scores, tuple(rolled.models))
    return Chapter(
        f"{ahead} ahead",
        scores,
        tuple(rolled.models),
        sum_bins(rolled.bins),
        rolled.actuals,
        rolled.forecasts,
        {name: each for name, each in rolled.importance.items() if each},
    )


def sum_bins(bins: Iterable[CalibrationBin]) -> list[CalibrationBin]:
    """Sum the calibration bins of all folds by model and bin."""
    sums: dict[tuple[str, int], CalibrationBin] = {}
    for each in bins:
        key = each.model, each.bin
        sums[key] = sums[key] + each if key in sums else each
    return list(sums.values())
