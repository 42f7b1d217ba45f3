"""Errors of forecasts, aggregated where the rows are."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

METRICS = {
    "rows": "count(*)",
    "rmse": "sqrt(avg(pow(forecast - target, 2)))",
    "mae": "avg(abs(forecast - target))",
    "bias": "avg(forecast - target)",
}


def long_form(scored: DataFrame, models: list[str]) -> DataFrame:
    """Turn a column per model into a row per model.

    Args:
        scored: ``[month, target, *models]``, forecasts of the same rows by every model.
        models: the columns of forecasts.

    Returns:
        ``[month, target, model, forecast]``.
    """
    return scored.unpivot(["month", "target"], tuple(models), "model", "forecast")


def errors(forecasts: DataFrame, *by: str) -> DataFrame:
    """Measure forecasts against the target.

    Args:
        forecasts: ``[*by, model, forecast, target]``, no nulls.
        by: columns to measure apart.

    Returns:
        ``[*by, model, rows, rmse, mae, bias]``, errors in units.
    """
    measures = [F.expr(sql).alias(name) for name, sql in METRICS.items()]
    return forecasts.groupBy(*by, "model").agg(*measures)
