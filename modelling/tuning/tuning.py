"""Tuning trial: fit with early stopping on the validation months, and measure the RMSE."""

import time
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession

from feature_store.panel.rows import PanelRows
from lakehouse.errors import RefusedError, UsageError
from lakehouse.month_range import MonthRange
from modelling.estimators import collective
from modelling.estimators.boosting import BoostingTask
from modelling.estimators.estimator import EstimatorSettings
from modelling.estimators.model_inputs import ModelColumns
from modelling.estimators.response import Response
from modelling.estimators.xgboost_model import Trees, parameters
from modelling.evaluation.metrics import errors
from modelling.evaluation.scoring import Forecaster, with_forecasts
from modelling.tuning.search import PATIENCE, Trial


@dataclass(frozen=True)
class Validation:
    """Training months and the validation months after them; both end before the reported months.

    Attributes:
        train: target months that a trial learns from.
        months: target months on which the error ranks the trials.
    """

    train: MonthRange
    months: MonthRange


def validation(closed: MonthRange, first: int, reported: int, count: int) -> Validation:
    """Choose the training and validation months of a tuning.

    Args:
        closed: the closed months.
        first: index in ``closed`` of the first month that a model learns from.
        reported: number of last months, which a backtest reports and tuning must not see.
        count: number of validation months.

    Raises:
        UsageError: ``count`` is below 1, or ``reported`` is negative.
        RefusedError: no month is left to learn from; reserve or validate on fewer months, or ingest
            more history.
    """
    if count < 1 or reported < 0:
        raise UsageError(
            f"--validation-months {count} --folds {reported}: validate on at least 1 month, and "
            "keep at least 0 months for the backtest."
        )
    months = list(closed)[first : max(0, len(closed) - reported)]
    if len(months) <= count:
        raise RefusedError(
            f"{len(closed)} closed months are too few to tune: {first} have no lags, {reported} "
            f"are kept for the backtest (--folds), {count} validate (--validation-months), and no "
            "month is left to learn from; lower --folds or --validation-months, or ingest more "
            "history."
        )
    split = len(months) - count
    return Validation(
        MonthRange(months[0], months[split - 1]), MonthRange(months[split], months[-1])
    )


def run_trial(
    spark: SparkSession,
    rows: PanelRows,
    chosen: Validation,
    number: int,
    settings: EstimatorSettings,
) -> Trial:
    """Run one trial: fit boosted trees and measure the RMSE on the validation months.

    Args:
        spark: the session.
        rows: panel rows, of any months.
        chosen: the training and validation months.
        number: number of the trial.
        settings: settings with the parameters to try; ``rounds`` is the upper limit.

    Returns:
        The trial, whose parameters have the number of rounds after which boosting stopped.
    """
    started = time.monotonic()
    response = Response(settings.model.response)
    inputs = ModelColumns.of(rows.features, settings.features)
    given = parameters(settings.model)
    task = BoostingTask.of(inputs, given, response, settings.workers, PATIENCE)
    validated = rows.of(chosen.months)
    booster = collective.train(spark, task, rows.of(chosen.train), validated)
    model = Trees(bytes(booster.save_raw("ubj")), inputs, response, settings.bounds)
    rmse = rmse_of(validated.frame(spark), model)
    stopped = settings.model.model_copy(update={"rounds": booster.num_boosted_rounds()})
    return Trial(number, stopped, rmse, round(time.monotonic() - started, 1))


def rmse_of(rows: DataFrame, model: Forecaster) -> float:
    """Measure the RMSE of a model's forecasts over all panel rows, units."""
    (score,) = errors(with_forecasts(rows, "model", model), ["model"]).collect()
    return float(score["rmse"])
