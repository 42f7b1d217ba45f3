"""A model's forecasts are used where they are exactly what was asked for, as a model owes them."""

from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from modelling.estimators.quantiles import QUANTILES
from modelling.estimators.soundness import KEY, UnsoundForecastError, require_columns, require_sound
from modelling.evaluation.metrics import forecast_column

MONTH = date(2015, 11, 1)
ASKED = [("1", "10"), ("1", "11"), ("2", "10")]
NAN, INF = float("nan"), float("inf")
SCHEMA = pa.schema(
    [("shop_id", pa.string()), ("item_id", pa.string()), ("month", pa.date32())]
    + [(name, pa.float64()) for name in ("forecast", *QUANTILES)]
)
Row = dict[str, Any]


def row(shop: str, item: str, forecast: float | None = 1.0, *quantiles: float | None) -> Row:
    found = dict(zip(QUANTILES, quantiles or (None,) * 4, strict=True))
    return {"shop_id": shop, "item_id": item, "month": MONTH, "forecast": forecast, **found}


def frame(spark: SparkSession, rows: list[Row]) -> DataFrame:
    return spark.createDataFrame(pa.Table.from_pylist(rows, SCHEMA))


def check(spark: SparkSession, changed: list[Row], bounds: tuple[float, float]) -> None:
    """Check a model "m" that forecasts the pairs asked for, the last one apart, and other rows."""
    asked = frame(spark, [row(*pair) for pair in ASKED])
    returned = frame(spark, [*(row(*pair) for pair in ASKED[:-1]), *changed])
    gathered = forecast_column(returned["forecast"], returned).alias("m")
    require_sound(asked, returned.select(*KEY, gathered), ["m"], bounds)


@pytest.mark.parametrize(
    "last",
    [
        row("2", "10", 0.0),
        row("2", "10", 20.0, 0.0, 1.0, 1.0, 20.0),
        row("2", "10", 1.0, None, 1.0, None, 2.0),
    ],
)
def test_what_a_model_may_return(spark: SparkSession, last: Row) -> None:
    check(spark, [last], (0.0, 20.0))


def test_without_a_clip_any_finite_number_that_is_not_negative_will_do(spark: SparkSession) -> None:
    check(spark, [row("2", "10", 1e30, 0.0, 1.0, 2.0, 1e30)], (0.0, INF))


@pytest.mark.parametrize(
    ("last", "fault"),
    [
        ([row("2", "10", None)], "1 null"),
        pytest.param([row("2", "10", NAN)], "1 not finite", marks=pytest.mark.slow),
        pytest.param([row("2", "10", INF)], "1 not finite", marks=pytest.mark.slow),
        pytest.param([row("2", "10", 1e300)], "1 not finite", marks=pytest.mark.slow),
        ([row("2", "10", -0.001)], "1 outside [0, 20]"),
        pytest.param([row("2", "10", 20.01)], "1 outside [0, 20]", marks=pytest.mark.slow),
        ([row("2", "10", 1.0, 0.0, 2.0, 1.0, 3.0)], "1 with quantiles that decrease"),
        pytest.param(
            [row("2", "10", 1.0, 5.0, None, None, 3.0)],
            "1 with quantiles that decrease",
            marks=pytest.mark.slow,
        ),
        ([row("2", "10", 1.0, 0.0, 1.0, 2.0, NAN)], "1 with a quantile not finite or outside"),
        pytest.param(
            [row("2", "10", 1.0, -1.0, 1.0, 2.0, 3.0)],
            "1 with a quantile not finite or outside",
            marks=pytest.mark.slow,
        ),
        ([], "1 without a forecast"),
        pytest.param(
            [row("2", "10"), row("2", "10")], "1 forecast more than once", marks=pytest.mark.slow
        ),
        ([row("2", "10"), row("9", "10")], "1 not asked for"),
        pytest.param(
            [row("2", "10"), {**row("2", "10"), "month": date(2015, 12, 1)}],
            "1 not asked for",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_what_a_model_must_not_return_is_refused_with_count_and_row(
    spark: SparkSession, last: list[Row], fault: str
) -> None:
    with pytest.raises(UnsoundForecastError) as error:
        check(spark, last, (0.0, 20.0))
    assert f"m: {fault}" in str(error.value)
    assert "(first: shop " in str(error.value)


def test_a_column_that_a_model_does_not_return_is_named(spark: SparkSession) -> None:
    rows = frame(spark, [row("1", "10")])
    require_columns(rows, "m")
    with pytest.raises(UnsoundForecastError, match="m: predict returned no column p50;"):
        require_columns(rows.drop("p50"), "m")
