"""Predicted panel rows → rows of gold.forecasts."""

from dataclasses import dataclass
from datetime import date, datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.group import ITEM, SHOP
from features.rung import rung_sql
from lakehouse.tables.gold import FORECASTS


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
    rows = predicted.select(SHOP, ITEM, "month", F.col("forecast").alias("units"), "*")
    return rows.withColumns(constants).select(*FORECASTS.names)
