"""The panel → how good the model would have been: rolling origin, beside the naive baselines.

    python -m jobs.backtest --lake URI [--folds N] [--spine assortment|grid] [--workers N]

Reads the gold panel. Writes gold backtests and an MLflow run.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from features.feature_set import TARGET, FeatureSet, feature_set
from jobs.command import Context, Job, add_lake_argument, lake_of, main, progress
from jobs.lineage import training_digest
from jobs.modelling import estimator
from jobs.modelling.baselines import Baseline, defined
from jobs.modelling.folds import Fold, rolling_folds
from jobs.modelling.metrics import errors, long_form
from jobs.modelling.scoreboard import as_text, overall
from jobs.modelling.tracking import Tracking
from jobs.panel_rows import add_training_arguments, closed_months, panel_rows
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.delta.log import exists
from lakehouse.lake import Lake
from lakehouse.profile import Profile
from lakehouse.tables.gold import BACKTESTS

MODEL = "xgboost"
FOLDS = 6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    add_training_arguments(parser)
    parser.add_argument("--folds", type=int, default=FOLDS, help=f"cutoffs (default: {FOLDS})")


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Score every fold, unless these very folds were scored before."""
    lake = lake_of(context, arguments)
    profile = lake.profile()
    closed = closed_months(lake)
    folds = rolling_folds(closed, profile.model.first_training_month, arguments.folds)
    features = feature_set(profile.target_clip)
    inputs = training_digest(lake, features, arguments.spine, closed, arguments.folds)
    stored = stored_scores(lake, inputs)
    if stored:
        progress("backtest: up to date")
    else:
        models = defined([fold.month for fold in folds], closed)
        scored = [
            {**score, "cutoff": fold.cutoff}
            for fold in folds
            for score in scored_fold(context, lake, profile, features, fold, models, arguments)
        ]
        stored = store(context, lake, arguments.spine, inputs, scored)
    progress("%s", as_text(stored))
    return {"spine": arguments.spine, "folds": len(folds), "overall": overall(stored)}


def scored_fold(
    context: Context,
    lake: Lake,
    profile: Profile,
    features: FeatureSet,
    fold: Fold,
    baselines: Sequence[Baseline],
    arguments: argparse.Namespace,
) -> list[dict[str, Any]]:
    """Train on one fold's months and measure every model on its month."""
    workers = estimator.check_workers(context.spark, arguments.workers)
    progress("backtest: %s, learning from %d months", f"{fold.month:%Y-%m}", len(fold.train))
    train = panel_rows(context.spark, lake, features, arguments.spine, fold.train)
    booster = estimator.fit(train, features.names, profile.model, workers)
    rows = panel_rows(context.spark, lake, features, arguments.spine, [fold.month])
    forecast = estimator.predict(rows, booster, features.names, profile.target_clip)
    scored = forecast.selectExpr(
        "month", TARGET, f"{estimator.FORECAST} AS {MODEL}", *naive_columns(baselines)
    )
    models = [MODEL, *(baseline.name for baseline in baselines)]
    return [row.asDict() for row in errors(long_form(scored, models), "month").collect()]


def naive_columns(baselines: Sequence[Baseline]) -> list[str]:
    """Write the baselines' forecasts, in the type of the model's."""
    return [f"CAST({baseline.sql} AS FLOAT) AS {baseline.name}" for baseline in baselines]


def stored_scores(lake: Lake, inputs: str) -> list[dict[str, Any]]:
    """Return the scores of the newest backtest that was made from the same inputs."""
    if not exists(lake, BACKTESTS):
        return []
    found = read_table(lake, BACKTESTS, filters=[("inputs", "=", inputs)]).to_pylist()
    newest = max((score["run"] for score in found), default=None)
    return [score for score in found if score["run"] == newest]


def store(
    context: Context, lake: Lake, spine: str, inputs: str, scores: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Keep scores in the table and in MLflow."""
    tracking = Tracking(context, lake)
    with tracking.run("backtest", lake.profile().model.model_dump(), inputs):
        for model, pooled in overall(scores).items():
            tracking.log({f"{model}_{name}": value for name, value in pooled.items()})
    common = {"run": f"{context.now:%Y%m%dT%H%M%SZ}", "spine": spine, "inputs": inputs}
    rows = [{**score, **common} for score in scores]
    append_rows(lake, BACKTESTS, pa.Table.from_pylist(rows, BACKTESTS.schema))
    return rows


JOB = Job(
    "backtest", "Score the model and the naive baselines by rolling origin.", add_arguments, run
)

if __name__ == "__main__":
    sys.exit(main(JOB))
