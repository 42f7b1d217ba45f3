"""Panel rows and what a worker computes of them → the columns that every model returns."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
import pyarrow as pa
import xgboost as xgb

from lakehouse.types import FEATURE, sql_name
from modelling.estimators.model_inputs import Numbers
from modelling.estimators.quantiles import QUANTILES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FORECAST = "forecast"
COLUMNS = (FORECAST, *QUANTILES)
# Called once in a worker; what it returns is called with every batch and returns ``[row, column]``:
# the forecast alone, or the forecast and the quantiles in their order.
Loader = Callable[[], Callable[[pa.RecordBatch], Numbers]]


def with_forecasts(rows: "DataFrame", load: Loader, bounds: tuple[float, float]) -> "DataFrame":
    """Add forecasts and quantiles to rows, batch by batch in the workers.

    Args:
        rows: panel rows.
        load: makes what forecasts a batch; sent to the workers.
        bounds: of the forecasts, units.
    """
    columns = [f"`{field.name}` {field.dataType.simpleString()}" for field in rows.schema]
    schema = ", ".join([*columns, *(f"{name} {sql_name(FEATURE)}" for name in COLUMNS)])
    return rows.mapInArrow(forecaster(load, bounds), schema)


def forecaster(
    load: Loader, bounds: tuple[float, float]
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Make the function that a worker runs."""

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        forecast = load()
        for batch in batches:
            yield appended(batch, forecast(batch).clip(*bounds))

    return run


def appended(batch: pa.RecordBatch, found: npt.NDArray[Any]) -> pa.RecordBatch:
    """Add the columns of forecasts to a batch; quantiles that there are not are null."""
    for place, name in enumerate(COLUMNS):
        is_there = place < found.shape[1]
        values = pa.array(found[:, place], FEATURE) if is_there else pa.nulls(len(batch), FEATURE)
        batch = batch.append_column(name, values)
    return batch


def loaded(raw: bytes) -> xgb.Booster:
    """Load trees; they forecast with one thread, as each of Spark's tasks has."""
    booster = xgb.Booster(model_file=bytearray(raw))
    booster.set_param({"nthread": 1})
    booster.feature_names = None
    return booster
