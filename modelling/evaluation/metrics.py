"""Metrics: errors of forecasts, aggregated in Spark."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from modelling.estimators.quantiles import HIGH, LOW, QUANTILES

# SQL over ``target`` and a model's column {m}, a struct of forecast and quantiles.
ERROR = "(CAST({m}.forecast AS DOUBLE) - target)"
METRICS = {
    "rows": "count(*)",
    "volume": "CAST(sum(abs(target)) AS DOUBLE)",
    "rmse": f"sqrt(avg(pow({ERROR}, 2)))",
    "mae": f"avg(abs({ERROR}))",
    "bias": f"avg({ERROR})",
    "wape": f"sum(abs({ERROR})) / nullif(sum(abs(CAST(target AS DOUBLE))), 0)",
    "coverage": (
        f"avg(CASE WHEN {{m}}.{LOW} IS NULL OR {{m}}.{HIGH} IS NULL THEN NULL "
        f"WHEN target BETWEEN {{m}}.{LOW} AND {{m}}.{HIGH} THEN 1D ELSE 0D END)"
    ),
    **{
        f"pinball_{name}": (
            f"avg(greatest({q}D * (target - {{m}}.{name}), {q - 1:g}D * (target - {{m}}.{name})))"
        )
        for name, q in QUANTILES.items()
    },
}
# Metrics that are null for a model without intervals.
OF_INTERVALS = ("coverage", *(f"pinball_{name}" for name in QUANTILES))


def forecast_column(forecast: Column, intervals: DataFrame | None = None) -> Column:
    """Combine a model's forecast and quantiles into the struct column that ``errors`` reads.

    Args:
        forecast: the column of forecasts, units.
        intervals: frame with the columns ``p10 p50 p90 p95``; None: the model has no intervals.

    Returns:
        A struct ``forecast p10 p50 p90 p95``, FLOAT; quantiles are null without intervals.
    """
    absent = F.lit(None)
    quantiles = [
        (absent if intervals is None else intervals[name]).cast("float").alias(name)
        for name in QUANTILES
    ]
    return F.struct(forecast.cast("float").alias("forecast"), *quantiles)


def by_segment(scored: DataFrame) -> DataFrame:
    """Repeat each scored row for every segment that contains the row.

    Args:
        scored: ``[…, segments]``, an array column as ``segments.segmented`` adds.

    Returns:
        ``[…, segment, value]``, the columns of ``scored`` without ``segments``.
    """
    others = [name for name in scored.columns if name != "segments"]
    return scored.select(*others, F.inline("segments")).where("value IS NOT NULL")


def errors(scored: DataFrame, models: Sequence[str], *by: str) -> DataFrame:
    """Measure the forecasts of every model against the target, in one pass over the rows.

    Args:
        scored: ``[*by, target, *models]``, target not null; a column per model, made by
            ``forecast_column``.
        models: names of the model columns.
        by: columns to group by.

    Returns:
        ``[*by, model, *METRICS]``: errors, and volume, the sum of absolute targets, in units.
        ``wape`` is null where nothing was sold; ``coverage``, the share of targets within ``[p10,
        p90]``, both included, and the pinball losses are null where the model has no intervals.
    """
    measured = [
        F.struct(
            F.lit(model).alias("model"),
            *(F.expr(sql.format(m=f"`{model}`")).alias(name) for name, sql in METRICS.items()),
        )
        for model in models
    ]
    return (
        scored.groupBy(*by).agg(F.array(*measured).alias("scores")).select(*by, F.inline("scores"))
    )
