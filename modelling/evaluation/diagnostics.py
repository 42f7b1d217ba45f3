"""Diagnostics of a backtest's report: calibration, and the series of the largest pairs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.feature_set import TARGET
from features.group import ITEM, SHOP
from modelling.estimators.quantiles import HIGH, LOW
from modelling.evaluation.segments import PAIR_MEAN

Pair = tuple[str, str]
LARGEST = 8
# The year's sum, not the mean: a new pair has a mean of few months; the sum favours long series.
YEARS_UNITS = f"{PAIR_MEAN} * least(12, ceil(coalesce(shop_item_sales_age_all, 0)))"
# Above this many units the bins are half octaves of the forecast; below, all rows are in one bin.
SMALLEST_BIN = 0.01
BIN = f"floor(2 * log2(greatest(forecast, {SMALLEST_BIN})))"


@dataclass(frozen=True)
class CalibrationBin:
    """Sums over the rows of one model and one bin of the forecast.

    Attributes:
        model: name of the model.
        bin: number of the bin.
        rows: number of rows.
        forecast: sum of forecast units.
        actual: sum of actual units.
        squares: sum of squared actual units.
    """

    model: str
    bin: int
    rows: int
    forecast: float
    actual: float
    squares: float

    def __add__(self, other: "CalibrationBin") -> "CalibrationBin":
        """Add the sums of the same model and bin over further rows."""
        return CalibrationBin(
            self.model,
            self.bin,
            self.rows + other.rows,
            self.forecast + other.forecast,
            self.actual + other.actual,
            self.squares + other.squares,
        )


@dataclass(frozen=True)
class SeriesForecast:
    """One model's forecast of a pair and month, units; p10 and p90 are None without intervals."""

    shop_id: str
    item_id: str
    month: date
    model: str
    forecast: float
    p10: float | None
    p90: float | None


@dataclass(frozen=True)
class SeriesActual:
    """The target of a pair and month, units."""

    shop_id: str
    item_id: str
    month: date
    target: float


def calibration(scored: DataFrame, models: Sequence[str]) -> list[CalibrationBin]:
    """Sum forecasts and actuals per model and bin of the forecast, to compare their means.

    Args:
        scored: rows as ``scoring.forecasts`` returns them.
        models: names of the model columns.

    Returns:
        About twenty bins per model.
    """
    each = [F.struct(F.lit(m).alias("model"), F.col(f"{m}.forecast")) for m in models]
    long = scored.select(TARGET, F.inline(F.array(*each)))
    sums = long.groupBy("model", F.expr(BIN).alias("bin")).agg(
        F.count("*").alias("rows"),
        F.sum("forecast").alias("forecast"),
        F.sum(TARGET).alias("actual"),
        F.sum(F.col(TARGET) * F.col(TARGET)).alias("squares"),
    )
    return [CalibrationBin(**row) for row in sums.toArrow().to_pylist()]


def largest_pairs(rows: DataFrame) -> list[Pair]:
    """Find the pairs that sold most in the year before a month, at most eight, largest first.

    Args:
        rows: panel rows of one month.
    """
    ordered = rows.orderBy(F.expr(YEARS_UNITS).desc(), SHOP, ITEM).select(SHOP, ITEM)
    return [(row[SHOP], row[ITEM]) for row in ordered.limit(LARGEST).collect()]


def series_forecasts(
    scored: DataFrame, pairs: Iterable[Pair], models: Sequence[str]
) -> list[SeriesForecast]:
    """Collect the forecasts of a few pairs."""
    each = [
        F.struct(
            F.lit(m).alias("model"), *(F.col(f"{m}.{part}") for part in ("forecast", LOW, HIGH))
        )
        for m in models
    ]
    of_pairs = scored.where(is_one_of(pairs))
    long = of_pairs.select(SHOP, ITEM, "month", F.inline(F.array(*each)))
    return [SeriesForecast(**row) for row in long.toArrow().to_pylist()]


def series_actuals(rows: DataFrame, pairs: Iterable[Pair]) -> list[SeriesActual]:
    """Collect the target units of a few pairs in the months of panel rows."""
    targets = rows.where(is_one_of(pairs)).select(SHOP, ITEM, "month", TARGET)
    return [SeriesActual(**row) for row in targets.toArrow().to_pylist()]


def is_one_of(pairs: Iterable[Pair]) -> Column:
    """Write the condition that a row belongs to one of the pairs; false without pairs."""
    each = [(F.col(SHOP) == shop) & (F.col(ITEM) == item) for shop, item in pairs]
    return reduce(lambda condition, further: condition | further, each, F.lit(False))
