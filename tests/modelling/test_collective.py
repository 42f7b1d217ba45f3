"""Workers that train together learn what one process learns, and fail with a sentence."""

import os
import signal
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import xgboost as xgb
from panels import made_up_panel, made_up_rows
from pyspark.sql import SparkSession

from benchmarks import rival_spark_xgboost
from feature_store.panel.rows import PanelRows
from features.feature_set import TARGET
from lakehouse.errors import RefusedError, TrainingError, UsageError
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.profile.model import ResponseConfig
from modelling.estimators import collective
from modelling.estimators.boosting import BoostingTask, Learning
from modelling.estimators.model_inputs import ModelColumns
from modelling.estimators.panel_batches import Labelled
from modelling.estimators.response import Response

pytestmark = pytest.mark.slow

PARAMETERS = {"max_depth": 5, "learning_rate": 0.2, "min_child_weight": 5, "seed": 7}
ROUNDS = 30
NAMES = ("near", "far", "rare")
INPUTS = ModelColumns(NAMES, {})
UNSEEN = made_up_rows(9, 5000)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> PanelRows:
    lake = Lake.at((tmp_path_factory.mktemp("a lake") / "lake").as_uri().replace("%20", " "))
    return made_up_panel(lake, [5000, 10_000, 5000])


def forecasts(booster: xgb.Booster, unseen: pa.Table = UNSEEN) -> np.ndarray:
    return booster.inplace_predict(unseen.select(NAMES))


def rmse(booster: xgb.Booster) -> float:
    return float(np.sqrt(np.mean((forecasts(booster) - UNSEEN[TARGET].to_numpy()) ** 2)))


def task(
    rounds: int = ROUNDS, workers: int | None = 2, inputs: ModelColumns = INPUTS, **others: Any
) -> BoostingTask:
    """What to fit; what is not named is as in most tests."""
    return BoostingTask(
        inputs, **{"parameters": PARAMETERS, **others}, rounds=rounds, workers=workers
    )


def alone(rows: PanelRows, what: BoostingTask) -> xgb.Booster:
    return Learning(what, collective.panel_shares(rows, what.inputs, 1)).fit(0)


def test_two_workers_learn_what_one_process_learns(spark: SparkSession, rows: PanelRows) -> None:
    """So few rows in another order, or a few bins more, alter the error by 2 %, too."""
    together, single = collective.train(spark, task(), rows), alone(rows, task())
    assert together.num_boosted_rounds() == ROUNDS
    assert rmse(together) == pytest.approx(rmse(single), rel=0.03)
    assert np.corrcoef(forecasts(together), forecasts(single))[0, 1] > 0.99


@pytest.mark.slow
def test_the_same_rows_make_the_same_model(spark: SparkSession, rows: PanelRows) -> None:
    made = [collective.train(spark, task(5), rows).save_raw("json") for _ in range(2)]
    assert made[0] == made[1]


def test_all_quantiles_are_learned_at_once(spark: SparkSession, rows: PanelRows) -> None:
    quantiles = {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9]}
    booster = collective.train(spark, task(workers=None, parameters=PARAMETERS | quantiles), rows)
    below = UNSEEN[TARGET].to_numpy()[:, None] < forecasts(booster)
    np.testing.assert_allclose(below.mean(axis=0), [0.1, 0.5, 0.9], atol=0.06)


@pytest.mark.slow
def test_boosting_ends_when_rows_that_are_watched_get_no_better(
    spark: SparkSession, rows: PanelRows
) -> None:
    """On the last month alone, by heart: what is watched is then soon as good as it gets."""
    by_heart = PARAMETERS | {"max_depth": 12, "min_child_weight": 0, "learning_rate": 0.5}
    train, watched = rows.of(rows.months[2:]), rows.of(rows.months[:1])
    booster = collective.train(spark, task(200, parameters=by_heart, patience=3), train, watched)
    longer = collective.train(spark, task(60, parameters=by_heart), train)
    assert booster.num_boosted_rounds() < 60
    table = made_up_rows(0, 5000)
    errors = [
        np.mean((forecasts(b, table) - table[TARGET].to_numpy()) ** 2) for b in (booster, longer)
    ]
    assert errors[0] < errors[1]


def test_rows_that_are_watched_may_be_fewer_than_workers(spark: SparkSession, lake: Lake) -> None:
    few = made_up_panel(lake, [200, 1])
    train, watched = few.of(few.months[:1]), few.of(few.months[1:])
    found = collective.train(spark, task(3, patience=1), train, watched)
    assert found.num_boosted_rounds() > 0


# Functions within functions: Spark then sends them as they are, and need not find this file.


def test_label_weight_and_margin_are_formed_of_each_batch(
    spark: SparkSession, rows: PanelRows
) -> None:
    def january_is_ten(batch: pa.RecordBatch, month: date) -> Labelled:
        count, is_january = len(batch), month == date(2015, 1, 1)
        label, weight = (10.0, 1.0) if is_january else (99.0, 0.0)
        return Labelled(np.full(count, label), np.full(count, weight), np.full(count, 3.0))

    booster = collective.train(spark, task(labels=january_is_ten), rows)
    margin = np.full(len(UNSEEN), 3.0)
    found = booster.inplace_predict(UNSEEN.select(NAMES), base_margin=margin)
    np.testing.assert_allclose(found, 10, atol=0.2)


def test_a_worker_that_fails_ends_the_training_and_says_why(
    spark: SparkSession, rows: PanelRows
) -> None:
    """The second worker alone has March."""

    def refuse_march(batch: pa.RecordBatch, month: date) -> Labelled:
        if month == date(2015, 3, 1):
            raise ValueError(f"nothing is known of {month}")
        return Labelled(np.zeros(len(batch)))

    with pytest.raises(TrainingError, match="ValueError: nothing is known of 2015-03-01"):
        collective.train(spark, task(labels=refuse_march), rows)
    assert collective.train(spark, task(2), rows).num_boosted_rounds() == 2


@pytest.mark.slow
def test_a_worker_that_dies_ends_the_training(spark: SparkSession, rows: PanelRows) -> None:
    def die_in_march(batch: pa.RecordBatch, month: date) -> Labelled:
        if month == date(2015, 3, 1):
            os.kill(os.getpid(), signal.SIGKILL)
        return Labelled(np.zeros(len(batch)))

    with pytest.raises(TrainingError, match="one of its 2 workers died, often for want of memory"):
        collective.train(spark, task(labels=die_in_march), rows)
    assert collective.train(spark, task(2), rows).num_boosted_rounds() == 2


def test_more_workers_than_slots_are_refused(spark: SparkSession, rows: PanelRows) -> None:
    with pytest.raises(UsageError, match="--workers 3: Spark has 2 task slots"):
        collective.train(spark, task(workers=3), rows)


def test_no_rows_are_refused(spark: SparkSession, rows: PanelRows) -> None:
    with pytest.raises(RefusedError, match="No panel rows to train on; run build_panel"):
        collective.train(spark, task(), rows.of([]))


def test_a_month_without_a_panel_is_refused(spark: SparkSession, rows: PanelRows) -> None:
    with pytest.raises(RefusedError, match="lacks 2015-04; run jobs"):
        collective.train(spark, task(), rows.of([plus_months(rows.months[2], 1)]))


RESPONSE = Response(ResponseConfig(scale=["rare"], base="near", weight_power=1))


def units_error(booster: xgb.Booster, response: Response) -> float:
    (batch,) = UNSEEN.combine_chunks().to_batches()
    units = response.units(batch, forecasts(booster)[:, None])[:, 0]
    return float(np.sqrt(np.mean((units - UNSEEN[TARGET].to_numpy()) ** 2)))


@pytest.mark.slow
def test_both_engines_learn_the_same(spark: SparkSession, rows: PanelRows) -> None:
    """With a response that is not plain: label and weight are formed from columns."""
    parameters = {
        "max_depth": 5, "learning_rate": 0.2, "min_child_weight": 5, "tree_method": "hist",
        "objective": "reg:squarederror", "random_state": 7, "n_estimators": ROUNDS,
    }  # fmt: skip
    what = BoostingTask.of(INPUTS, parameters, RESPONSE, 2)
    own, rival = (
        units_error(train(spark, what, rows), RESPONSE)
        for train in (collective.train, rival_spark_xgboost.train)
    )
    assert own == pytest.approx(rival, rel=0.03)
    assert rival < 1.2


def test_a_scale_that_is_the_same_for_all_rows_changes_no_forecast(rows: PanelRows) -> None:
    scaled = Response(ResponseConfig(floor=8))
    plain, parts = alone(rows, task(10)), alone(rows, task(10, labels=scaled.labels))
    (batch,) = UNSEEN.combine_chunks().to_batches()
    found = scaled.units(batch, forecasts(parts)[:, None])[:, 0]
    np.testing.assert_allclose(found, forecasts(plain), atol=1e-3)


def test_fitting_and_forecasts_fill_nulls_with_the_same_number(
    rows: PanelRows, tmp_path: Path
) -> None:
    """Trees that learn from filled nulls forecast as those of rows without any null."""
    filled = ModelColumns(NAMES, {"far": -50.0})
    whole = made_up_panel(Lake.at(str(tmp_path)), [5000, 10_000, 5000], far=-50.0)
    by_inputs, by_rows = alone(rows, task(inputs=filled)), alone(whole, task())
    (batch,) = UNSEEN.combine_chunks().to_batches()
    found = by_inputs.inplace_predict(filled.matrix(batch))
    present = UNSEEN.set_column(1, "far", UNSEEN["far"].fill_null(-50.0))
    np.testing.assert_array_equal(found, forecasts(by_inputs, present))
    # Files in another order have other bounds of bins: up to 0.27 here, 0.84 where nulls stay.
    assert np.sqrt(np.mean((found - forecasts(by_rows, present)) ** 2)) < 0.5
