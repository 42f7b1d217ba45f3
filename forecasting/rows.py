"""Forecast rows: panel rows with predictions → checked rows of gold.forecasts."""

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
    """The provenance of forecasts.

    Attributes:
        version: name of the forecast version; names sort by time.
        cutoff: last month whose sales were visible.
        horizon: months from the cutoff to the target month.
        run: MLflow run that made the model.
        now: time at which the forecasts are computed.
    """

    version: str
    cutoff: date
    horizon: int
    run: str
    now: datetime


def as_forecasts(predicted: DataFrame, origin: Origin) -> DataFrame:
    """Convert predicted panel rows to rows of gold.forecasts.

    Args:
        predicted: panel rows with ``forecast p10 p50 p90 p95``, units.
        origin: provenance of the forecasts.
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
    """Forecast panel rows, and check the model's forecasts before any is stored.

    Args:
        model: the fitted model.
        asked: panel rows to forecast, unique on pair and month.
        origin: provenance of the forecasts.
        bounds: the least and the greatest forecast, units.

    Returns:
        Rows of gold.forecasts, persisted, so that exactly the checked rows are stored.

    Raises:
        UnsoundForecastError: the model's forecasts are unsound; mend the estimator, or roll back
            the champion.
    """
    name = f"run {origin.run}"
    predicted = model.predict(asked)
    require_columns(predicted, name)
    forecasts = as_forecasts(predicted, origin).persist()
    gathered = forecast_column(F.col("units"), forecasts).alias(name)
    require_sound(asked, forecasts.select(*KEY, gathered), [name], bounds)
    return forecasts
