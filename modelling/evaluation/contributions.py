"""Feature importance: how much each feature moves a model's forecasts, by gain and by SHAP."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import xgboost as xgb
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from modelling.estimators.estimator import Model
from modelling.estimators.xgboost_model import Trees

# Rows are enough for a stable mean; exact contributions cost a thread 2 ms a row with 100 trees of
# depth 8.
SAMPLE = 2_000
SEED = 7
Importance = Mapping[str, Mapping[str, float]]


def importance(model: Model, rows: DataFrame) -> Importance:
    """Measure the importance of features by every measure that a model supports.

    Args:
        model: the fitted model.
        rows: panel rows for SHAP.

    Returns:
        Measure → feature → size; measures that the model does not support are left out.
    """
    measured = {"gain of the splits": model.importance()}
    if isinstance(model, Trees):
        measured["SHAP: mean contribution"] = contributions(model, rows)
    return {name: sizes for name, sizes in measured.items() if any(sizes.values())}


def contributions(model: Trees, rows: DataFrame) -> dict[str, float]:
    """Average the absolute SHAP contributions of features to forecasts, on a sample of rows.

    Args:
        model: boosted trees.
        rows: panel rows; the driver computes contributions of a random sample.

    Returns:
        Feature → mean contribution: units, or parts of the scale if the trees learn scaled units.
    """
    few = rows.orderBy(F.rand(SEED)).limit(SAMPLE).select(*model.inputs.names).toArrow()
    batches = few.combine_chunks().to_batches()
    values = model.inputs.matrix(batches[0] if batches else empty(few))
    parts = model.booster.predict(xgb.DMatrix(values), pred_contribs=True)
    # The last column is the bias, the same in every row.
    means = np.abs(parts[:, :-1]).mean(axis=0) if len(parts) else np.zeros(len(model.inputs))
    return dict(zip(model.inputs.names, map(float, means), strict=True))


def empty(table: pa.Table) -> pa.RecordBatch:
    """Make an empty batch with the columns of a table."""
    return pa.RecordBatch.from_pylist([], table.schema)
