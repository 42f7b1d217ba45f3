"""Diagnostics of a backtest's report: calibration, and the series of the largest pairs."""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.feature_set import TARGET
from features.group import ITEM, SHOP
from modelling.estimators.quantiles import HIGH, LOW
from modelling.evaluation.segments import PAIR_MEAN

Pair = tuple[str, str]
Row = dict[str, Any]
LARGEST = 8
# The year's sum, not the mean: a new pair has a mean of few months; the sum favours long series.
YEARS_UNITS = f"{PAIR_MEAN} * least(12, ceil(coalesce(shop_item_sales_age_all, 0)))"
# Above this many units the bins are half octaves of the forecast; below, all rows are in one bin.
SMALLEST_BIN = 0.01
BIN = f"floor(2 * log2(greatest(forecast, {SMALLEST_BIN})))"


def calibration(scored: DataFrame, models: Sequence[str]) -> list[Row]:
    """Sum forecasts and actuals per model and bin of the forecast, to compare their means.

    Args:
        scored: rows as ``scoring.forecasts`` returns them.
        models: names of the model columns.

    Returns:
        ``model, bin, rows, forecast, actual, squares``: number of rows, sums of forecast and actual
        units, and sum of squared actual units; about twenty bins per model.
    """
    each = [F.struct(F.lit(m).alias("model"), F.col(f"{m}.forecast")) for m in models]
    long = scored.select(TARGET, F.inline(F.array(*each)))
    sums = long.groupBy("model", F.expr(BIN).alias("bin")).agg(
        F.count("*").alias("rows"),
        F.sum("forecast").alias("forecast"),
        F.sum(TARGET).alias("actual"),
        F.sum(F.col(TARGET) * F.col(TARGET)).alias("squares"),
    )
    found: list[Row] = sums.toArrow().to_pylist()
    return found


def largest_pairs(rows: DataFrame) -> list[Pair]:
    """Find the pairs that sold most in the year before a month, at most eight, largest first.

    Args:
        rows: panel rows of one month.
    """
    ordered = rows.orderBy(F.expr(YEARS_UNITS).desc(), SHOP, ITEM).select(SHOP, ITEM)
    return [(row[SHOP], row[ITEM]) for row in ordered.limit(LARGEST).collect()]


def series_forecasts(scored: DataFrame, pairs: Iterable[Pair], models: Sequence[str]) -> list[Row]:
    """Collect the forecasts of a few pairs.

    Returns:
        ``shop_id, item_id, month, model, forecast, p10, p90``, units.
    """
    each = [
        F.struct(
            F.lit(m).alias("model"), *(F.col(f"{m}.{part}") for part in ("forecast", LOW, HIGH))
        )
        for m in models
    ]
    of_pairs = scored.where(is_one_of(pairs))
    long = of_pairs.select(SHOP, ITEM, "month", F.inline(F.array(*each)))
    found: list[Row] = long.toArrow().to_pylist()
    return found


def series_actuals(rows: DataFrame, pairs: Iterable[Pair]) -> list[Row]:
    """Collect the target units of a few pairs in the months of panel rows.

    Returns:
        ``shop_id, item_id, month, target``, units.
    """
    found: list[Row] = (
        rows.where(is_one_of(pairs)).select(SHOP, ITEM, "month", TARGET).toArrow().to_pylist()
    )
    return found


def is_one_of(pairs: Iterable[Pair]) -> Column:
    """Write the condition that a row belongs to one of the pairs; false without pairs."""
    each = [(F.col(SHOP) == shop) & (F.col(ITEM) == item) for shop, item in pairs]
    return reduce(lambda one, other: one | other, each, F.lit(False))
