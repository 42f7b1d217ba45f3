"""Training engines: the two ways in which Spark tasks fit boosted trees together, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import xgboost as xgb

from modelling.estimators import collective
from modelling.estimators.boosting import boosted
from modelling.estimators.model_inputs import Inputs
from modelling.estimators.panel_batches import Labelled
from modelling.estimators.response import Response
from modelling.estimators.task_slots import check_workers

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from feature_store.panel.rows import PanelRows

ROUNDS = "n_estimators"


@dataclass(frozen=True)
class Task:
    """A training task, the same for every engine.

    Attributes:
        inputs: panel columns to learn from.
        response: turns the target into label and weight.
        parameters: parameters of ``SparkXGBRegressor``.
        workers: tasks that train together; None: every task slot.
    """

    inputs: Inputs
    response: Response
    parameters: Mapping[str, Any]
    workers: int | None = None

    def labels(self, batch: pa.RecordBatch, month: date) -> Labelled:
        """Compute label and weight of a batch of panel rows."""
        del month
        weight = None if self.response.is_plain else self.response.weight(batch)
        return Labelled(self.response.label(batch), weight)


def by_collective(rows: "PanelRows", spark: "SparkSession", task: Task) -> xgb.Booster:
    """Fit boosted trees with xgboost's own collective; each worker reads a share of the files."""
    parameters = dict(task.parameters)
    rounds = parameters.pop(ROUNDS)
    return collective.train(
        spark,
        rows,
        parameters,
        rounds,
        task.workers,
        inputs=task.inputs,
        labels=task.labels,
    )


def by_spark(rows: "PanelRows", spark: "SparkSession", task: Task) -> xgb.Booster:
    """Fit boosted trees with ``SparkXGBRegressor``; rows pass through the JVM and pandas."""
    workers = check_workers(spark, task.workers)
    frame = rows.frame(spark)
    return boosted(frame, task.inputs, task.response, task.parameters, workers)


Engine = Callable[["PanelRows", "SparkSession", Task], xgb.Booster]
ENGINES: dict[str, Engine] = {"collective": by_collective, "spark": by_spark}
