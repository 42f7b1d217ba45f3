"""Rival: ``SparkXGBRegressor``, whose rows pass through the JVM and pandas, on the same panel."""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import xgboost as xgb

from feature_store.panel.rows import PanelRows
from features.feature_set import TARGET
from lakehouse.types import FEATURE
from modelling.estimators.boosting import BoostingTask
from modelling.estimators.panel_batches import Labels, targets
from modelling.estimators.task_slots import check_workers

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

LABEL, WEIGHT = "label", "weight"


def train(spark: "SparkSession", task: BoostingTask, rows: PanelRows) -> xgb.Booster:
    """Fit boosted trees to panel rows; labels must not depend on the month.

    Args:
        spark: the session.
        task: what to fit; ``patience`` is ignored.
        rows: panel rows to learn from.
    """
    from xgboost.spark import SparkXGBRegressor

    frame = rows.frame(spark).select(*task.inputs.names, TARGET)
    learned, columns = with_labels(frame, task.labels)
    # A list of columns, not a vector: VectorAssembler hides its NULL error in a failed barrier.
    regressor = SparkXGBRegressor(
        features_col=list(task.inputs.names),
        num_workers=check_workers(spark, task.workers),
        missing=float("nan"),
        verbose=False,
        n_estimators=task.rounds,
        **columns,
        **task.parameters,
    )
    fillings: dict[str, float | int | bool | str] = {**task.inputs.fillings}
    return regressor.fit(learned.fillna(fillings) if fillings else learned).get_booster()


def with_labels(rows: "DataFrame", labels: Labels) -> tuple["DataFrame", dict[str, str]]:
    """Add label and weight columns to rows, unless the label is the target and all weights are 1.

    Returns:
        The rows, and the parameters by which ``SparkXGBRegressor`` finds label and weight.
    """
    if labels is targets:
        return rows, {"label_col": TARGET}
    columns = [f"`{field.name}` {field.dataType.simpleString()}" for field in rows.schema]
    schema = ", ".join([*columns, f"{LABEL} FLOAT", f"{WEIGHT} FLOAT"])
    parameters = {"label_col": LABEL, "weight_col": WEIGHT}
    return rows.mapInArrow(partial(append_labels, labels=labels), schema), parameters


def append_labels(batches: Iterable[pa.RecordBatch], labels: Labels) -> Iterator[pa.RecordBatch]:
    """Append label and weight, FLOAT, to each batch in a worker."""
    for batch in batches:
        labelled = labels(batch, date.min)
        weight = np.ones(len(batch)) if labelled.weight is None else labelled.weight
        for name, column in ((LABEL, labelled.label), (WEIGHT, weight)):
            batch = batch.append_column(name, pa.array(column, FEATURE))
        yield batch
