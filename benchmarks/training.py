"""Training engines: boosted trees on Spark's workers, compared with one xgboost process.

    python -m benchmarks.training --lake URI [--spine grid] [--rounds N] [--engines NAME …]

Reads the gold panel. Prints a JSON line per engine: seconds from the panel to a fitted model, the
start of Spark included, memory, and RMSE on the last closed month, from which no engine learns. All
engines use the same rows, parameters and number of threads. Each runs in a new process, one after
the other.

``single`` is the best single process: no Spark, the matrix of ``collective``. ``table`` is one
process with all rows in one Arrow table and nulls as xgboost represents them. ``spark`` is the
rival ``SparkXGBRegressor``.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import xgboost as xgb
from pyspark.sql import SparkSession

from benchmarks import rival_spark_xgboost
from benchmarks.process_tree import measured
from cli.command import report
from feature_store.panel.rows import PanelRows
from features.feature_set import TARGET, feature_set
from ingestion.lake_months import closed_months
from lakehouse.context import Context
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.profile.stored import stored_profile
from lakehouse.settings import JobSettings
from modelling.estimators import collective
from modelling.estimators.boosting import BoostingTask, Learning
from modelling.estimators.model_inputs import ModelColumns
from modelling.estimators.response import Response
from modelling.estimators.xgboost_model import parameters

THREADS = 2
Fit = Callable[[PanelRows, BoostingTask], xgb.Booster]
Train = Callable[[SparkSession, BoostingTask, PanelRows], xgb.Booster]


def single(rows: PanelRows, task: BoostingTask) -> xgb.Booster:
    """Fit in this process, reading the panel's files in batches."""
    share = collective.panel_shares(rows, task.inputs, 1)
    return Learning(task, share, threads=THREADS).fit(0)


def table(rows: PanelRows, task: BoostingTask) -> xgb.Booster:
    """Fit in this process, from the panel in one Arrow table."""
    months = [("month", "in", [*rows.months])]
    whole = read_table(rows.lake, rows.table, [*task.inputs.names, TARGET], months)
    data = xgb.QuantileDMatrix(
        whole.select(list(task.inputs.names)), label=whole[TARGET].to_numpy(), nthread=THREADS
    )
    del whole
    return xgb.train({**task.parameters, "nthread": THREADS}, data, task.rounds)


def on_spark(train: Train, workers: int) -> Fit:
    """Return a function that fits with Spark tasks, ``THREADS`` shared evenly among ``workers``."""

    def fit(rows: PanelRows, task: BoostingTask) -> xgb.Booster:
        each = THREADS // workers
        os.environ["PYSPARK_SUBMIT_ARGS"] = f"--conf spark.task.cpus={each} pyspark-shell"
        spark = Context(JobSettings(spark_master=f"local[{THREADS}]"), "training").spark
        return train(spark, task, rows)

    return fit


FITS: dict[str, Fit] = {
    "single": single,
    "collective": on_spark(collective.train, THREADS),
    "collective, one worker": on_spark(collective.train, 1),
    "spark": on_spark(rival_spark_xgboost.train, THREADS),
    "table": table,
}


def rmse(rows: PanelRows, booster: xgb.Booster) -> float:
    """Return the RMSE of a model on the panel's rows, units."""
    inputs = ModelColumns.of(rows.features)
    names = inputs.names
    found = read_table(rows.lake, rows.table, [*names, TARGET], [("month", "in", [*rows.months])])
    batch = found.combine_chunks().to_batches()[0]
    booster.feature_names = None
    forecast = booster.inplace_predict(inputs.matrix(batch))
    return float(np.sqrt(np.mean((forecast - found[TARGET].to_numpy()) ** 2)))


def fit_once(arguments: argparse.Namespace) -> None:
    """Fit with one engine in this process, and print seconds and RMSE."""
    lake = Lake.at(arguments.lake)
    months = list(closed_months(lake))[3:]
    months = months[: arguments.months + 1] if arguments.months else months
    profile = stored_profile(lake)
    features = feature_set(profile)
    rows = PanelRows(lake, features, arguments.spine, tuple(months[:-1]))
    model = profile.model.model_copy(update={"rounds": arguments.rounds})
    task = BoostingTask.of(ModelColumns.of(features), parameters(model), Response())
    started = time.monotonic()
    booster = FITS[arguments.engine](rows, task)
    seconds = round(time.monotonic() - started, 1)
    score = round(rmse(rows.of([plus_months(months[-2], 1)]), booster), 5)
    report(
        {
            "engine": arguments.engine,
            "columns": len(features.names),
            "rounds": arguments.rounds,
            "seconds": seconds,
            "rmse": score,
        }
    )


def compare(arguments: argparse.Namespace) -> None:
    """Run each engine in a new process; print time, memory, error, and the ratios to single."""
    found = {name: row(name, arguments) for name in arguments.engines}
    for name in set(found) - {"single"} if "single" in found else ():
        ratio = found[name]["seconds"] / found["single"]["seconds"]
        report({"engine": name, "times the single process": round(ratio, 2)})


def row(engine: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run one engine in a new process; print and return time, memory and error."""
    command: list[Any] = [sys.executable, "-m", "benchmarks.training", "--engine", engine]
    command += ["--lake", arguments.lake, "--spine", arguments.spine]
    command += ["--rounds", str(arguments.rounds), "--months", str(arguments.months)]
    taken = measured(command)
    figures = {**taken.results[-1], "wall": taken.seconds, "peak_mib": taken.peak_mib}
    report(figures)
    return figures


def main() -> int:
    """Compare the engines or, with ``--engine``, run one in this process."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--lake", required=True)
    parser.add_argument("--spine", default="grid")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--months", type=int, default=0, help="to learn from (default: all)")
    parser.add_argument("--engines", nargs="+", choices=FITS, default=["single", "collective"])
    parser.add_argument("--engine", choices=FITS, help="run this one only, in this process")
    arguments = parser.parse_args()
    (fit_once if arguments.engine else compare)(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
