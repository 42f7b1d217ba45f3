"""Prediction in Spark workers: adds the columns that every model returns to panel rows."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import xgboost as xgb

from lakehouse.types import FEATURE, sql_name
from modelling.estimators.model_inputs import Numbers
from modelling.estimators.quantiles import QUANTILES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FORECAST = "forecast"
COLUMNS = (FORECAST, *QUANTILES)
# A worker calls the loader once, and the returned function for every batch; the result is ``[row,
# column]``, units: the forecast alone, or the forecast and then the quantiles in order.
Loader = Callable[[], Callable[[pa.RecordBatch], Numbers]]


def with_forecasts(rows: "DataFrame", load: Loader, bounds: tuple[float, float]) -> "DataFrame":
    """Add ``forecast p10 p50 p90 p95`` to panel rows, batch by batch in the workers.

    Args:
        rows: panel rows.
        load: loads the function that forecasts a batch; sent to the workers.
        bounds: the least and the greatest forecast and quantile, units.
    """
    columns = [f"`{field.name}` {field.dataType.simpleString()}" for field in rows.schema]
    schema = ", ".join([*columns, *(f"{name} {sql_name(FEATURE)}" for name in COLUMNS)])
    return rows.mapInArrow(forecaster(load, bounds), schema)


def forecaster(
    load: Loader, bounds: tuple[float, float]
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Make the function with which a worker forecasts batches, coherent and within the bounds."""

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        forecast = load()
        for batch in batches:
            yield append_forecasts(batch, coherent(forecast(batch).clip(*bounds)))

    return run


def coherent(forecasts: Numbers) -> Numbers:
    """Keep each forecast between the lowest and the highest quantile of its row.

    So a pair whose quantiles are all 0 has the forecast 0.

    Args:
        forecasts: ``[row, forecast and quantiles]`` with quantiles that do not decrease, or ``[row,
            forecast]``, units.
    """
    if forecasts.shape[1] == 1:
        return forecasts
    mean, quantiles = forecasts[:, :1], forecasts[:, 1:]
    return np.hstack([mean.clip(quantiles[:, :1], quantiles[:, -1:]), quantiles])


def append_forecasts(batch: pa.RecordBatch, forecasts: Numbers) -> pa.RecordBatch:
    """Append the forecast columns to a batch; quantiles that ``forecasts`` lacks are null."""
    for place, name in enumerate(COLUMNS):
        is_present = place < forecasts.shape[1]
        values = (
            pa.array(forecasts[:, place], FEATURE) if is_present else pa.nulls(len(batch), FEATURE)
        )
        batch = batch.append_column(name, values)
    return batch


def load_trees(raw: bytes) -> xgb.Booster:
    """Load trees from xgboost's own format, set to forecast with one thread per Spark task."""
    booster = xgb.Booster(model_file=bytearray(raw))
    booster.set_param({"nthread": 1})
    booster.feature_names = None
    return booster
