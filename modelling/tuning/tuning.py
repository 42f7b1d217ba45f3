"""A trial of parameters: fitted until the validation months no longer gain, and measured."""

import time
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession

from feature_store.panel.rows import PanelRows
from lakehouse.errors import RefusedError, UsageError
from lakehouse.month_range import MonthRange
from modelling.estimators import collective
from modelling.estimators.engines import ROUNDS, Task
from modelling.estimators.estimator import Settings
from modelling.estimators.model_inputs import Inputs
from modelling.estimators.response import Response
from modelling.estimators.xgboost_model import Trees, parameters
from modelling.evaluation.metrics import errors
from modelling.evaluation.scoring import Forecaster, with_forecasts
from modelling.tuning.search import PATIENCE, Trial


@dataclass(frozen=True)
class Validation:
    """Months to learn from, and the months after them that decide; all before what is reported.

    Attributes:
        train: target months that a trial learns from.
        months: target months that decide.
    """

    train: MonthRange
    months: MonthRange


def validation(closed: MonthRange, first: int, reported: int, count: int) -> Validation:
    """Choose the months of a tuning.

    Args:
        closed: the closed months.
        first: index of the first month that a model learns from.
        reported: the last months, which a backtest reports; none of them is looked at.
        count: months that decide.

    Raises:
        UsageError: no month is to decide, or a negative number is to be reported.
        RefusedError: too few months are left.
    """
    if count < 1 or reported < 0:
        raise UsageError(
            f"--validation-months {count} --folds {reported}: at least 1 month decides, and at "
            "least 0 are kept for the backtest."
        )
    months = list(closed)[first : max(0, len(closed) - reported)]
    if len(months) <= count:
        raise RefusedError(
            f"{len(closed)} closed months are too few to tune: {first} have no lags, {reported} "
            f"are kept for the backtest (--folds), {count} decide (--validation-months), and none "
            "is left to learn from; keep or validate on fewer, or ingest more history."
        )
    split = len(months) - count
    return Validation(
        MonthRange(months[0], months[split - 1]), MonthRange(months[split], months[-1])
    )


def tried(
    spark: SparkSession, rows: PanelRows, chosen: Validation, number: int, settings: Settings
) -> Trial:
    """Make one trial.

    Args:
        spark: the session.
        rows: of any months of the panel.
        chosen: what is learned from and what decides.
        number: of the trial.
        settings: with the parameters to try; their rounds are the most that there may be.
    """
    started = time.monotonic()
    response, inputs = (
        Response(settings.model.response),
        Inputs.of(rows.features, settings.features),
    )
    given = parameters(settings.model)
    most = given.pop(ROUNDS)
    task = Task(inputs, response, given, settings.workers)
    booster = collective.train(
        spark,
        rows.of(chosen.train),
        given,
        most,
        settings.workers,
        inputs=inputs,
        labels=task.labels,
        scored=rows.of(chosen.months),
        patience=PATIENCE,
    )
    model = Trees(bytes(booster.save_raw("ubj")), inputs, response, settings.bounds)
    rmse = rmse_of(rows.of(chosen.months).frame(spark), model)
    found = settings.model.model_copy(update={"rounds": booster.num_boosted_rounds()})
    return Trial(number, found, rmse, round(time.monotonic() - started, 1))


def rmse_of(rows: DataFrame, model: Forecaster) -> float:
    """Measure a model's forecasts of panel rows, all together; units."""
    (score,) = errors(with_forecasts(rows, "model", model), ["model"]).collect()
    return float(score["rmse"])
