"""Contributions find the features that a model uses, and none that it does not."""

import numpy as np
import pyarrow as pa
import pytest
import xgboost as xgb
from pyspark.sql import SparkSession

from lakehouse.profile.model import ResponseConfig
from modelling.estimators.model_inputs import ModelColumns
from modelling.estimators.response import Response
from modelling.estimators.xgboost_model import Trees
from modelling.evaluation.contributions import contributions, importance

FEATURES = ("much", "little", "nothing")


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    values = np.random.default_rng(3).normal(0, 1, (3, 400)).astype(np.float32)
    return pa.table(dict(zip(FEATURES, values, strict=True)))


@pytest.fixture(scope="module")
def trees(rows: pa.Table) -> Trees:
    """Trees that learned 3 × much + little."""
    values = np.stack([rows[name].to_numpy() for name in FEATURES], axis=1)
    target = 3 * values[:, 0] + values[:, 1]
    model = xgb.XGBRegressor(n_estimators=20, max_depth=3, n_jobs=1).fit(values, target)
    raw = bytes(model.get_booster().save_raw("ubj"))
    return Trees(raw, ModelColumns(FEATURES, {}), Response(ResponseConfig()), (-np.inf, np.inf))


def test_the_mean_contribution_is_the_size_of_the_effect(
    spark: SparkSession, rows: pa.Table, trees: Trees
) -> None:
    found = contributions(trees, spark.createDataFrame(rows))
    wanted = {"much": 3 * np.abs(rows["much"].to_numpy()).mean(), "little": 0.8, "nothing": 0.0}
    assert found == pytest.approx(wanted, abs=0.25)


def test_no_rows_contribute_nothing(spark: SparkSession, rows: pa.Table, trees: Trees) -> None:
    found = contributions(trees, spark.createDataFrame(rows).where("false"))
    assert found == dict.fromkeys(FEATURES, 0.0)


def test_what_a_model_does_not_measure_is_not_there(
    spark: SparkSession, rows: pa.Table, trees: Trees
) -> None:
    assert len(importance(trees, spark.createDataFrame(rows))) == 2

    class Silent:
        def importance(self) -> dict[str, float]:
            return {}

    assert importance(Silent(), spark.createDataFrame(rows)) == {}  # type: ignore[arg-type]
