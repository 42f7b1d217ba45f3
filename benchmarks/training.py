"""SparkXGBRegressor beside one xgboost process: same panel rows, parameters and threads.

    python -m benchmarks.training --lake URI [--spine grid] [--rounds N]

From the Delta panel to a fitted model; the last closed month is left out and scored by both.
"""

import argparse
import sys
import time
from typing import Any

import numpy as np
import pyarrow as pa
import xgboost as xgb

from benchmarks.process_tree import measured
from features.feature_set import TARGET, feature_set, panel_table
from jobs.command import Context, report
from jobs.modelling import estimator
from jobs.panel_rows import closed_months, panel_rows
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.profile import Model
from lakehouse.settings import JobSettings

ENGINES = ("spark", "single")
THREADS = 2


def fitted_by_spark(lake: Lake, spine: str, months: MonthRange, model: Model) -> xgb.Booster:
    """Fit with SparkXGBRegressor, one thread a worker."""
    spark = Context(JobSettings(spark_master=f"local[{THREADS}]"), "training").spark
    features = feature_set(lake.profile().target_clip)
    rows = panel_rows(spark, lake, features, spine, months)
    return estimator.fit(rows, features.names, model, THREADS)


def fitted_by_one_process(lake: Lake, spine: str, months: MonthRange, model: Model) -> xgb.Booster:
    """Fit in this process, from one Arrow table."""
    features = feature_set(lake.profile().target_clip)
    rows = read_rows(lake, spine, months.first, months.last)
    data = xgb.QuantileDMatrix(
        rows.select(features.names), label=rows[TARGET].to_numpy(), nthread=THREADS
    )
    parameters = estimator.parameters(model)
    rounds = parameters.pop("n_estimators")
    return xgb.train({**parameters, "nthread": THREADS}, data, rounds)


def read_rows(lake: Lake, spine: str, first: object, last: object) -> pa.Table:
    """Read the model's columns and the target of some months."""
    features = feature_set(lake.profile().target_clip)
    months = [("month", ">=", first), ("month", "<=", last)]
    return read_table(lake, panel_table(features, spine), [*features.names, TARGET], months)


def rmse(lake: Lake, spine: str, month: object, booster: xgb.Booster) -> float:
    """Score a model on one month, units."""
    features = feature_set(lake.profile().target_clip)
    rows = read_rows(lake, spine, month, month)
    batch = rows.combine_chunks().to_batches()[0]
    forecast = booster.inplace_predict(estimator.matrix(batch, features.names))
    return float(np.sqrt(np.mean((forecast - rows[TARGET].to_numpy()) ** 2)))


def fit_once(arguments: argparse.Namespace) -> None:
    """Fit with one engine and print what it took."""
    lake = Lake.at(arguments.lake)
    closed = closed_months(lake)
    months = MonthRange(plus_months(closed.first, 3), plus_months(closed.last, -1))
    model = lake.profile().model.model_copy(update={"rounds": arguments.rounds})
    fit = fitted_by_spark if arguments.engine == "spark" else fitted_by_one_process
    started = time.monotonic()
    booster = fit(lake, arguments.spine, months, model)
    seconds = round(time.monotonic() - started, 1)
    score = rmse(lake, arguments.spine, closed.last, booster)
    report({"engine": arguments.engine, "seconds": seconds, "rmse": round(score, 5)})


def compare(arguments: argparse.Namespace) -> None:
    """Run each engine in a process of its own and print time, memory and error."""
    for engine in ENGINES:
        command: list[Any] = [sys.executable, "-m", "benchmarks.training", "--engine", engine]
        command += ["--lake", arguments.lake, "--spine", arguments.spine]
        found = measured([*command, "--rounds", str(arguments.rounds)])
        report({**found.results[-1], "wall": found.seconds, "peak_mib": found.peak_mib})


def main() -> int:
    """Compare the engines, or run one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--lake", required=True)
    parser.add_argument("--spine", default="grid")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--engine", choices=ENGINES, help="run this one only, in this process")
    arguments = parser.parse_args()
    (fit_once if arguments.engine else compare)(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
