"""Boosted trees on Spark: checked before they start, fitted, and applied to panel rows."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import xgboost as xgb

from features.feature_set import TARGET
from lakehouse.errors import RefusedError, UsageError
from lakehouse.profile import Clip, Model

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FORECAST = "forecast"
SEED = 7


def check_workers(spark: "SparkSession", workers: int | None) -> int:
    """Return how many workers train.

    xgboost.spark waits ten minutes and says nothing when it gets fewer task slots than workers.

    Args:
        spark: the session.
        workers: wanted; None: every task slot.

    Raises:
        UsageError: there are fewer slots than workers, or less than one worker is wanted.
    """
    if workers is not None and workers < 1:
        raise UsageError(
            f"--workers {workers}: at least 1 task trains; leave it out for all cores."
        )
    slots = task_slots(spark)
    if workers is not None and workers > slots:
        raise UsageError(
            f"--workers {workers}: Spark has {slots} task slots, and training would wait for the "
            "others for ever; ask for fewer workers or give Spark more cores."
        )
    return slots if workers is None else workers


def task_slots(spark: "SparkSession") -> int:
    """Count the tasks that can run at the same time."""
    context, cluster = spark.sparkContext, spark.sparkContext.getConf()
    instances, cores = cluster.get("spark.executor.instances"), cluster.get("spark.executor.cores")
    is_sized = instances is not None and cores is not None
    total = int(instances or 1) * int(cores or 1) if is_sized else context.defaultParallelism
    return max(1, total // int(cluster.get("spark.task.cpus", "1") or 1))


def parameters(model: Model) -> dict[str, Any]:
    """Return xgboost's parameters as a profile gives them."""
    return {
        "n_estimators": model.rounds,
        "max_depth": model.max_depth,
        "learning_rate": model.learning_rate,
        "min_child_weight": model.min_child_weight,
        "subsample": model.subsample,
        "colsample_bytree": model.colsample_bytree,
        "tree_method": "hist",
        "objective": "reg:squarederror",
        "random_state": SEED,
    }


def fit(rows: "DataFrame", features: list[str], model: Model, workers: int) -> xgb.Booster:
    """Fit boosted trees to panel rows.

    Args:
        rows: ``[*features, target]``; null features are missing values, targets are not null.
        features: columns to learn from.
        model: the profile's parameters.
        workers: Spark tasks that train together, at most the task slots.

    Raises:
        RefusedError: there are no rows.
    """
    from xgboost.spark import SparkXGBRegressor

    if rows.isEmpty():
        raise RefusedError("No panel rows to train on; run build_panel for the months to learn.")
    # A list of columns, not a vector: VectorAssembler hides its NULL error in a failed barrier.
    regressor = SparkXGBRegressor(
        features_col=features,
        label_col=TARGET,
        num_workers=workers,
        missing=float("nan"),
        verbose=False,
        **parameters(model),
    )
    return regressor.fit(rows.select(*features, TARGET)).get_booster()


def predict(
    rows: "DataFrame", booster: xgb.Booster, features: list[str], clip: Clip | None
) -> "DataFrame":
    """Apply a model to panel rows.

    Args:
        rows: has the columns of ``features``.
        booster: the model.
        features: the columns that it learned from, in their order.
        clip: bounds of the forecast; None: it is only kept from falling below 0.

    Returns:
        The columns of ``rows`` and ``forecast``, units.
    """
    from lakehouse.types import FEATURE, sql_name

    columns = [f"`{field.name}` {field.dataType.simpleString()}" for field in rows.schema]
    schema = ", ".join([*columns, f"{FORECAST} {sql_name(FEATURE)}"])
    bounds = (0.0, np.inf) if clip is None else (float(clip.low), float(clip.high))
    return rows.mapInArrow(predictor(bytes(booster.save_raw("ubj")), features, bounds), schema)


def predictor(
    model: bytes, features: list[str], bounds: tuple[float, float]
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Make the function that a worker runs."""

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        booster = xgb.Booster(model_file=bytearray(model))
        booster.set_param({"nthread": 1})
        for batch in batches:
            forecast = booster.inplace_predict(matrix(batch, features)).clip(*bounds)
            yield batch.append_column(FORECAST, pa.array(forecast, pa.float32()))

    return run


def matrix(batch: pa.RecordBatch, features: list[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return ``[row, feature]`` float32, NaN where null."""
    values = np.empty((len(batch), len(features)), np.float32)
    for i, name in enumerate(features):
        values[:, i] = batch[name].to_numpy(zero_copy_only=False)
    return values
