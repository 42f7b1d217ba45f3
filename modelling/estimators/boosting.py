"""Boosting by ``SparkXGBRegressor``: panel rows → boosted trees."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import xgboost as xgb

from features.feature_set import TARGET
from lakehouse.errors import RefusedError
from modelling.estimators.model_inputs import Inputs
from modelling.estimators.response import LABEL, WEIGHT, Response

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def boosted(
    rows: "DataFrame",
    inputs: Inputs,
    response: Response,
    parameters: Mapping[str, Any],
    workers: int,
) -> xgb.Booster:
    """Fit boosted trees to panel rows.

    Args:
        rows: ``[*inputs, target]``; targets are not null.
        inputs: panel columns to learn from.
        response: turns the target into label and weight.
        parameters: parameters of ``SparkXGBRegressor``.
        workers: Spark tasks that train together, at most the task slots.

    Raises:
        RefusedError: ``rows`` is empty; run build_panel for the months to learn.
    """
    from xgboost.spark import SparkXGBRegressor

    if rows.isEmpty():
        raise RefusedError("No panel rows to train on; run build_panel for the months to learn.")
    learned, columns = with_labels(rows.select(*inputs.names, TARGET), response)
    # A list of columns, not a vector: VectorAssembler hides its NULL error in a failed barrier.
    regressor = SparkXGBRegressor(
        features_col=list(inputs.names),
        num_workers=workers,
        missing=float("nan"),
        verbose=False,
        **columns,
        **parameters,
    )
    return regressor.fit(filled(learned, inputs)).get_booster()


def filled(rows: "DataFrame", inputs: Inputs) -> "DataFrame":
    """Replace nulls by numbers in the columns that declare a filling."""
    return rows.fillna(dict(inputs.fillings)) if inputs.fillings else rows


def with_labels(rows: "DataFrame", response: Response) -> tuple["DataFrame", dict[str, str]]:
    """Add label and weight columns to rows, unless the label is the target and all weights are 1.

    Returns:
        The rows, and the parameters by which ``SparkXGBRegressor`` finds label and weight.
    """
    if response.is_plain:
        return rows, {"label_col": TARGET}
    columns = [f"`{field.name}` {field.dataType.simpleString()}" for field in rows.schema]
    schema = ", ".join([*columns, f"{LABEL} FLOAT", f"{WEIGHT} FLOAT"])
    return rows.mapInArrow(response.append, schema), {"label_col": LABEL, "weight_col": WEIGHT}
