"""Errors equal numpy's, on the same rows for every model."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from jobs.modelling.metrics import errors, long_form

MODELS = ["model", "zero"]


def scored(seed: int) -> pa.Table:
    random = np.random.default_rng(seed)
    months = [date(2015, 9, 1), date(2015, 10, 1)]
    return pa.table(
        {
            "month": pa.array([months[i] for i in random.integers(0, 2, 500)], pa.date32()),
            "target": pa.array(random.poisson(0.4, 500), pa.float32()),
            "model": pa.array(random.gamma(1, 0.5, 500), pa.float32()),
            "zero": pa.array(np.zeros(500), pa.float32()),
        }
    )


def test_errors_equal_numpys(spark: SparkSession) -> None:
    table = scored(5)
    forecasts = long_form(spark.createDataFrame(table), MODELS)
    found = {(row.month, row.model): row for row in errors(forecasts, "month").collect()}
    assert len(found) == 4
    for (month, model), row in found.items():
        of_month = table.filter(pa.array([m == month for m in table["month"].to_pylist()]))
        difference = of_month[model].to_numpy().astype(float) - of_month["target"].to_numpy()
        assert row.rows == len(difference)
        assert row.rmse == pytest.approx(np.sqrt((difference**2).mean()), rel=1e-6)
        assert row.mae == pytest.approx(np.abs(difference).mean(), rel=1e-6)
        assert row.bias == pytest.approx(difference.mean(), rel=1e-6)


def test_a_row_per_model_comes_from_a_column_per_model(spark: SparkSession) -> None:
    rows = long_form(spark.createDataFrame(scored(6).slice(0, 1)), MODELS)
    assert rows.columns == ["month", "target", "model", "forecast"]
    (first,) = scored(6).slice(0, 1).to_pylist()
    assert {row.model: (row.forecast, row.target) for row in rows.collect()} == {
        model: (first[model], first["target"]) for model in MODELS
    }


def test_all_rows_together_are_one_score(spark: SparkSession) -> None:
    (score,) = errors(long_form(spark.createDataFrame(scored(7)), ["zero"])).collect()
    assert score.asDict().keys() == {"model", "rows", "rmse", "mae", "bias"}
    assert score.rows == 500
