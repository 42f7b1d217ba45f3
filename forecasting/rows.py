"""Predicted panel rows → rows of gold.forecasts."""

from dataclasses import dataclass
from datetime import date, datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.group import ITEM, SHOP
from features.rung import rung_sql
from lakehouse.tables.gold import FORECASTS
from modelling.estimators.estimator import Model
from modelling.estimators.predict import FORECAST
from modelling.estimators.quantiles import QUANTILES
from modelling.estimators.soundness import KEY, Bounds, require_columns, require_sound
from modelling.evaluation.metrics import forecast_column


@dataclass(frozen=True)
class Origin:
    """Where forecasts come from.

    Attributes:
        version: forecast version; sorts by time.
        cutoff: last month whose sales were visible.
        horizon: months from the cutoff to the target month.
        run: MLflow run that made the model.
        now: when they are computed.
    """

    version: str
    cutoff: date
    horizon: int
    run: str
    now: datetime


def as_forecasts(predicted: DataFrame, origin: Origin) -> DataFrame:
    """Give predicted panel rows the columns of gold.forecasts.

    Args:
        predicted: panel rows with ``forecast p10 p50 p90 p95``, units.
        origin: where they come from.
    """
    constants = {
        "version": F.lit(origin.version),
        "cutoff": F.lit(origin.cutoff),
        "horizon": F.lit(origin.horizon),
        "rung": F.expr(rung_sql()),
        "model": F.lit(origin.run),
        "generated_at": F.lit(origin.now),
    }
    units = F.col(FORECAST).cast("float").alias("units")
    quantiles = {name: F.col(name).cast("float") for name in QUANTILES}
    rows = predicted.select(SHOP, ITEM, "month", units, "*")
    return rows.withColumns({**constants, **quantiles}).select(*FORECASTS.names)


def sound_rows(model: Model, asked: DataFrame, origin: Origin, bounds: Bounds) -> DataFrame:
    """Forecast panel rows, and check what the model returned before anything is kept of it.

    Args:
        model: what forecasts.
        asked: panel rows.
        origin: where forecasts come from.
        bounds: of forecasts, units.

    Returns:
        Rows of gold.forecasts, persisted: what was checked is what is kept.

    Raises:
        UnsoundForecastError: the model returned what it must not.
    """
    name = f"run {origin.run}"
    predicted = model.predict(asked)
    require_columns(predicted, name)
    forecasts = as_forecasts(predicted, origin).persist()
    gathered = forecast_column(F.col("units"), forecasts).alias(name)
    require_sound(asked, forecasts.select(*KEY, gathered), [name], bounds)
    return forecasts
