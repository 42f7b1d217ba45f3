"""Naive forecasts: what they say, and where they are not defined."""

from datetime import date

import pyarrow as pa
import pytest
from meanings import UNCLIPPED
from pyspark.sql import SparkSession

from features.feature_set import feature_set
from lakehouse.month_range import MonthRange, plus_months
from modelling.estimators.baselines import BASELINES, LAGS, baselines, defined_baselines
from modelling.evaluation.folds import rolling_folds

M5 = MonthRange(date(2015, 3, 1), date(2016, 3, 1))


def names(months: list[date], history: MonthRange) -> list[str]:
    return [baseline.name for baseline in defined_baselines(months, history)]


def test_thirteen_months_of_history_have_last_year_for_the_last_one_alone() -> None:
    assert names([M5.last], M5)[2] == "same_month_last_year"
    assert names([plus_months(M5.last, -1)], M5) == ["last_month", "mean_of_3", "zero"]


def test_a_baseline_that_one_fold_does_not_define_is_left_out_of_all() -> None:
    months = [fold.month for fold in rolling_folds(M5, 3, 6)]
    assert names(months, M5) == ["last_month", "mean_of_3", "zero"]


@pytest.mark.parametrize(
    ("index", "wanted"),
    [
        (0, ["zero"]),
        (1, ["last_month", "zero"]),
        (2, ["last_month", "zero"]),
        (3, ["last_month", "mean_of_3", "zero"]),
        (11, ["last_month", "mean_of_3", "zero"]),
        (12, ["last_month", "mean_of_3", "same_month_last_year", "zero"]),
    ],
)
def test_a_baseline_is_defined_where_the_lake_knows_the_months_it_reads(
    index: int, wanted: list[str]
) -> None:
    assert names([plus_months(M5.first, index)], M5) == wanted


def test_a_longer_horizon_reads_months_that_are_known_at_its_cutoff() -> None:
    """At two months the last one known is two before the target, last year's month eleven lags."""
    found = {each.name: (each.columns, each.months) for each in baselines(2)}
    assert found == {
        "last_month": ((f"{LAGS}1",), 2),
        "mean_of_3": ((f"{LAGS}1", f"{LAGS}2", f"{LAGS}3"), 4),
        "same_month_last_year": ((f"{LAGS}11",), 12),
        "zero": ((), 0),
    }


def test_a_baseline_whose_columns_the_panel_lacks_is_not_defined() -> None:
    months, columns = [M5.last], feature_set(UNCLIPPED).names
    without_lag_11 = [name for name in columns if name != f"{LAGS}11"]
    assert [b.name for b in defined_baselines(months, M5, 2, without_lag_11)] == [
        "last_month",
        "mean_of_3",
        "zero",
    ]
    assert len(defined_baselines(months, M5, 2, [*columns, f"{LAGS}11"])) == 4


def test_baselines_read_columns_of_the_panel() -> None:
    columns = feature_set(UNCLIPPED).names
    assert {f"{LAGS}{months}" for months in (1, 2, 3, 12)} <= set(columns)


def test_what_they_forecast(spark: SparkSession) -> None:
    """A pair with history, one that never sold."""
    panel = pa.table(
        {
            f"{LAGS}{m}": pa.array([v, None], pa.float32())
            for m, v in ((1, 6), (2, 0), (3, 3), (12, 5))
        }
    )
    forecasts = spark.createDataFrame(panel).selectExpr(
        *(f"{b.sql} AS {b.name}" for b in BASELINES)
    )
    assert forecasts.toArrow().to_pylist() == [
        {"last_month": 6, "mean_of_3": 3, "same_month_last_year": 5, "zero": 0},
        {"last_month": 0, "mean_of_3": 0, "same_month_last_year": 0, "zero": 0},
    ]
