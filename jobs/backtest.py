"""Rolling-origin backtest: gold panels → errors of models and naive baselines on past months.

    python -m jobs.backtest --lake URI [--folds N] [--horizons 1,2,3] [--estimators NAME,…]
        [--spine assortment|grid] [--parameters tuned|profile]
        [--score-against PATH] [--report FILE] [--workers N]

Reads the gold panels. Writes gold backtests (errors of every model on the same rows, per cutoff,
overall and per segment), an MLflow run, and the report <lake>/reports/backtest-<run>.html.
"""

import argparse
import sys
from collections.abc import Iterable
from typing import Any

from cli.arguments import (
    add_folds_argument,
    add_horizons_argument,
    add_lake_argument,
    add_parameters_argument,
    add_training_arguments,
    lake_of,
)
from cli.command import Job, main
from lakehouse.context import Context
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from modelling.backtest import report_file
from modelling.backtest.plan import OWN, BacktestSpec, Plan
from modelling.backtest.report import report
from modelling.backtest.scores import (
    FOLDS,
    SECOND,
    BacktestRun,
    StoredBacktest,
    run_name,
    store,
    stored_backtest,
)
from modelling.evaluation.score import LAKE, FoldScore
from modelling.evaluation.scoreboard import as_text, overall
from modelling.registry.tracking import Tracking


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    add_training_arguments(parser)
    add_parameters_argument(parser)
    add_horizons_argument(parser)
    add_folds_argument(parser, FOLDS, "number of past months to score")
    parser.add_argument(
        "--estimators",
        type=names,
        default=(OWN, SECOND),
        metavar="NAME,…",
        help="families of models to score on the same rows: xgboost, random_forest, "
        "bagged_boosting or package.module:Factory; "
        f"{OWN}: the profile's family (default: {OWN},{SECOND})",
    )
    parser.add_argument(
        "--score-against",
        metavar="PATH",
        help="folder or file of complete sales in the profile's format: also score the newest "
        "month against these sales; a pair without a sale in them sold 0 units",
    )
    parser.add_argument("--report", metavar="FILE", help="file that also receives the HTML report")


def names(text: str) -> tuple[str, ...]:
    """Parse estimator names written as NAME,NAME; drop repeated names."""
    return tuple(dict.fromkeys(text.split(",")))


def backtest_spec(arguments: argparse.Namespace) -> BacktestSpec:
    """Turn the command line into a backtest specification."""
    return BacktestSpec(
        spine=arguments.spine,
        folds=arguments.folds,
        horizons=arguments.horizons,
        estimators=arguments.estimators,
        parameters=arguments.parameters,
        workers=arguments.workers,
        score_against=arguments.score_against,
    )


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Score every fold, or reuse the stored scores if they were made from the same inputs."""
    if arguments.report:
        report_file.require_place(arguments.report)
    lake = lake_of(context, arguments)
    plan = Plan.of(context, lake, stored_profile(lake), backtest_spec(arguments))
    plan.require_panels()
    progress("backtest: parameters are %s", plan.parameters.source)
    inputs = plan.inputs
    backtest = stored_backtest(plan.lake, inputs)
    if backtest is None:
        backtest = carry_out(plan, inputs)
    else:
        progress("backtest: up to date")
    name = report_name(backtest.run.run)
    if arguments.report:
        report_file.copy(plan.lake, name, arguments.report)
    for title, scores in tables(backtest.scores):
        progress("%s\n%s", title, as_text(scores))
    return {
        "spine": arguments.spine,
        "folds": arguments.folds,
        "parameters": plan.parameters.source,
        **figures(backtest.scores),
        "report": f"{plan.lake.root}/{report_file.place(name)}",
    }


def carry_out(plan: Plan, inputs: str) -> StoredBacktest:
    """Score every fold; store the report, then the MLflow run, then the scores.

    The scores are stored last because a later run takes stored scores as proof of a finished run.
    """
    context, lake = plan.context, plan.lake
    rolled = plan.carry_out()
    html = report(plan, rolled, run_name(context))
    report_file.keep(lake, report_name(run_name(context)), html)
    scores = [score for each in rolled.values() for score in each.scores]
    tracking = Tracking(context, lake, plan.profile)
    with tracking.run("backtest", plan.describe(), inputs):
        tracking.log(metrics(scores))
        tracking.log_text(html, "backtest.html")
    return store(lake, BacktestRun(run_name(context), plan.spec.spine, inputs), scores)


def report_name(run_: str) -> str:
    """Return the name of a run's report."""
    return f"backtest-{run_}"


def by_table(scores: Iterable[FoldScore]) -> dict[tuple[int, str], list[FoldScore]]:
    """Group scores by (horizon, source of the actual units), the lake's actuals first."""
    groups: dict[tuple[int, str], list[FoldScore]] = {}
    for score in scores:
        groups.setdefault((score.horizon, score.actuals), []).append(score)
    return dict(sorted(groups.items(), key=lambda entry: (entry[0][0], entry[0][1] != LAKE)))


def tables(scores: Iterable[FoldScore]) -> list[tuple[str, list[FoldScore]]]:
    """Return each group of scores with a title for the log."""
    return [
        (f"horizon {horizon}" + ("" if actuals == LAKE else f", against {actuals}"), group)
        for (horizon, actuals), group in by_table(scores).items()
    ]


def figures(scores: Iterable[FoldScore]) -> dict[str, object]:
    """Pool the errors over all months for the result line.

    Returns:
        ``overall``: the errors of the first table; ``by_table``, where there are several tables:
        title → errors of that table.
    """
    titled = {title: overall(group) for title, group in tables(scores)}
    first = next(iter(titled.values()))
    return {"overall": first, **({"by_table": titled} if len(titled) > 1 else {})}


def metrics(scores: Iterable[FoldScore]) -> dict[str, float]:
    """Pool the errors over all months into MLflow metrics, named by horizon, model and metric."""
    logged: dict[str, float] = {}
    for (horizon, actuals), group in by_table(scores).items():
        prefix = ("" if horizon == 1 else f"h{horizon}_") + ("" if actuals == LAKE else "other_")
        for model, pooled in overall(group).items():
            logged |= {f"{prefix}{model}_{name}": value for name, value in pooled.items()}
    return logged


JOB = Job("backtest", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
