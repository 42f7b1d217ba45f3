"""What a report shows beside scores is made of the rows that were scored."""

from datetime import date

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from features.feature_set import TARGET
from lakehouse.types import FEATURE
from modelling.evaluation.diagnostics import (
    SeriesForecast,
    calibration,
    is_one_of,
    largest_pairs,
    series_forecasts,
)
from modelling.evaluation.metrics import forecast_column

MONTH = date(2015, 9, 1)
FORECASTS = [0.0, 0.004, 0.3, 1.0, 1.2, 19.0]
TARGETS = [0.0, 1.0, 0.0, 2.0, 1.0, 20.0]


def scored(spark: SparkSession) -> DataFrame:
    count = len(FORECASTS)
    rows = pa.table(
        {
            "shop_id": ["5"] * count,
            "item_id": [str(i) for i in range(count)],
            "month": pa.array([MONTH] * count, pa.date32()),
            TARGET: pa.array(TARGETS, FEATURE),
            "forecast": pa.array(FORECASTS, FEATURE),
        }
    )
    frame = spark.createDataFrame(rows)
    both = {name: forecast_column(frame["forecast"]) for name in ("one", "other")}
    return frame.withColumns(both).drop("forecast")


def test_every_row_is_in_one_bin_of_forecasts_of_its_size(spark: SparkSession) -> None:
    bins = calibration(scored(spark), ["one", "other"])
    mine = sorted((b for b in bins if b.model == "one"), key=lambda b: b.bin)
    assert [b.rows for b in mine] == [2, 1, 2, 1], "nothing, a third, about one, nineteen"
    assert [b.actual for b in mine] == [1.0, 0.0, 3.0, 20.0]
    assert [b.squares for b in mine] == [1.0, 0.0, 5.0, 400.0]
    assert sum(b.forecast for b in mine) == pytest.approx(sum(FORECASTS), rel=1e-6)
    assert len(bins) == 2 * len(mine)


def test_forecasts_of_pairs_are_those_of_their_rows(spark: SparkSession) -> None:
    found = series_forecasts(scored(spark), [("5", "3"), ("6", "4")], ["one"])
    assert found == [SeriesForecast("5", "3", MONTH, "one", 1.0, p10=None, p90=None)]


def test_no_pairs_are_no_rows(spark: SparkSession) -> None:
    assert scored(spark).where(is_one_of([])).count() == 0


def test_the_largest_pairs_sold_most_in_a_year_not_most_a_month(spark: SparkSession) -> None:
    rows = pa.table(
        {
            "shop_id": ["1", "2", "3"],
            "item_id": ["10", "10", "10"],
            "shop_item_target_mean_12": pa.array([5.0, 9.0, None], FEATURE),
            "shop_item_sales_age_all": pa.array([30.0, 1.0, None], FEATURE),
        }
    )
    found = largest_pairs(spark.createDataFrame(rows))
    assert found == [("1", "10"), ("2", "10"), ("3", "10")]
