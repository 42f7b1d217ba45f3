"""A fitted model says on Spark what it says by itself."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
import xgboost as xgb
from pyspark.sql import SparkSession

from features.feature_set import TARGET
from lakehouse.profile.model import ModelConfig
from lakehouse.profile.profile import Clip
from modelling.estimators.estimator import EstimatorSettings
from modelling.estimators.model_inputs import ModelColumns
from modelling.estimators.predict import COLUMNS, FORECAST, forecaster
from modelling.estimators.response import Response
from modelling.estimators.xgboost_model import Trees, parameters

FEATURES = ["near", "far", "days"]
INPUTS = ModelColumns(tuple(FEATURES), {})
SMALL = ModelConfig(rounds=8, max_depth=3, min_child_weight=1, subsample=1, colsample_bytree=1)
CLIP = Clip(low=Decimal(0), high=Decimal(4))
UNBOUNDED = (-np.inf, np.inf)


def panel(rows: int = 400) -> pa.Table:
    """Two features, one of them null for a third of the rows, and a whole number."""
    random = np.random.default_rng(11)
    near, far = random.normal(0, 3, (2, rows)).astype(np.float32)
    hidden = random.random(rows) < 1 / 3
    target = near + np.where(hidden, 5, far) + random.normal(0, 0.1, rows)
    return pa.table(
        {
            "near": near,
            "far": pa.array(far, mask=hidden),
            "days": pa.array(random.integers(28, 32, rows), pa.int32()),
            TARGET: target.astype(np.float32),
        }
    )


def values(table: pa.Table) -> np.ndarray:
    columns = [table[name].to_numpy().astype(np.float32) for name in FEATURES]
    return np.stack(columns, axis=1)


def direct(table: pa.Table) -> xgb.Booster:
    """Fit by xgboost alone."""
    model = xgb.XGBRegressor(**parameters(SMALL), n_jobs=1)
    return model.fit(values(table), table[TARGET].to_numpy()).get_booster()


@pytest.fixture(scope="module")
def booster() -> xgb.Booster:
    return direct(panel())


def forecasts(
    table: pa.Table, booster: xgb.Booster, bounds: tuple[float, float] = UNBOUNDED
) -> np.ndarray:
    run = forecaster(trees(booster, bounds).forecaster, bounds)
    batches = list(run(table.to_batches(max_chunksize=150)))
    return pa.Table.from_batches(batches)[FORECAST].to_numpy()


def trees(booster: xgb.Booster, bounds: tuple[float, float] = UNBOUNDED) -> Trees:
    return Trees(bytes(booster.save_raw("ubj")), INPUTS, Response(), bounds)


def test_the_predictor_says_what_xgboost_says(booster: xgb.Booster) -> None:
    table = panel()
    wanted = booster.predict(xgb.DMatrix(values(table)))
    np.testing.assert_array_equal(forecasts(table, booster), wanted)


def test_a_null_that_stands_for_no_number_is_a_missing_value_not_a_zero(
    booster: xgb.Booster,
) -> None:
    """With far unknown the target is 5 more; were it taken for 0, it would not be."""
    at = [1.0], [30]
    schema = pa.schema({"near": pa.float32(), "far": pa.float32(), "days": pa.int32()})
    unknown, zero = (pa.table([at[0], [far], at[1]], schema=schema) for far in (None, 0.0))
    assert forecasts(unknown, booster)[0] > forecasts(zero, booster)[0] + 2


def test_forecasts_keep_to_the_bounds(booster: xgb.Booster) -> None:
    free, bounded = forecasts(panel(), booster), forecasts(panel(), booster, (0.0, 4.0))
    assert free.min() < 0
    assert free.max() > 4
    np.testing.assert_array_equal(bounded, free.clip(0, 4))


def test_columns_are_taken_by_name_not_by_place(booster: xgb.Booster) -> None:
    shuffled = panel().select([TARGET, "days", "far", "near"])
    np.testing.assert_array_equal(forecasts(shuffled, booster), forecasts(panel(), booster))


def test_nothing_in_nothing_out(booster: xgb.Booster) -> None:
    run = forecaster(trees(booster).forecaster, UNBOUNDED)
    assert list(run([])) == []
    (batch,) = run([pa.RecordBatch.from_pylist([], panel().schema)])
    assert batch.num_rows == 0
    assert batch.schema.names[-5:] == list(COLUMNS)


@pytest.mark.parametrize(("clip", "low", "high"), [(CLIP, 0, 4), (None, 0, np.inf)])
def test_spark_applies_the_model_to_rows(
    spark: SparkSession, booster: xgb.Booster, clip: Clip | None, low: float, high: float
) -> None:
    rows = spark.createDataFrame(panel()).repartition(3)
    bounds = EstimatorSettings(tuple(FEATURES), SMALL, clip).bounds
    found = trees(booster, bounds).predict(rows).toArrow()
    assert found.column_names == [*FEATURES, TARGET, *COLUMNS]
    assert found["p10"].null_count == len(found)
    wanted = booster.predict(xgb.DMatrix(values(found))).clip(low, high)
    np.testing.assert_array_equal(found[FORECAST].to_numpy(), wanted)
