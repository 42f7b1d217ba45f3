"""Scoring: panel rows and fitted models → every model's forecasts and errors."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite
from typing import Protocol

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from feature_store.panel.rows import PanelRows
from features.feature_set import TARGET
from features.group import CATEGORY, ITEM, SHOP
from modelling.estimators.baselines import Baseline
from modelling.estimators.estimator import Estimator, Model
from modelling.estimators.predict import FORECAST
from modelling.estimators.quantiles import QUANTILES
from modelling.estimators.soundness import (
    Bounds,
    UnsoundForecastError,
    require_columns,
    require_sound,
)
from modelling.evaluation.folds import Fold
from modelling.evaluation.metrics import METRICS, by_segment, errors, forecast_column
from modelling.evaluation.score import LAKE, FoldScore, Score
from modelling.evaluation.segments import segmented

KEY = (SHOP, ITEM, CATEGORY, "month")


class Forecaster(Protocol):
    """Anything that forecasts panel rows: a fitted model, or stored forecasts."""

    def predict(self, rows: DataFrame) -> DataFrame:
        """Add ``forecast p10 p50 p90 p95`` to panel rows."""


def fitted(
    spark: SparkSession, rows: PanelRows, fold: Fold, estimators: Sequence[Estimator]
) -> dict[str, Model]:
    """Fit every estimator to the training months of a fold.

    Args:
        spark: the session.
        rows: panel rows of the fold's horizon, of any months.
        fold: the fold whose training months are learned from.
        estimators: the estimators to fit.

    Returns:
        Name of the estimator → fitted model.
    """
    return {each.name: each.fit(rows.of(fold.train), spark) for each in estimators}


def of_fold(fold: Fold, scores: Sequence[Score], actuals: str = LAKE) -> list[FoldScore]:
    """Add horizon and cutoff of a fold, and the source of the actual units, to scores."""
    return [
        FoldScore(**vars(score), horizon=fold.horizon, cutoff=fold.cutoff, actuals=actuals)
        for score in scores
    ]


def forecasts(
    rows: DataFrame, models: Mapping[str, Forecaster], baselines: Sequence[Baseline]
) -> DataFrame:
    """Forecast the same panel rows by every model and baseline.

    Args:
        rows: panel rows; rows with a null target are left out.
        models: name in results → fitted model.
        baselines: naive forecasts to add.

    Returns:
        ``[shop_id, item_id, category_id, month, target, segments, *models, *baselines]``; each
        model and baseline has a struct column as ``metrics.forecast_column`` makes.
    """
    complete = rows.where(f"{TARGET} IS NOT NULL")
    forecast = complete
    for name, model in models.items():
        forecast = with_forecasts(forecast, name, model)
    naive = [forecast_column(F.expr(each.sql)).alias(each.name) for each in baselines]
    return segmented(forecast, complete).select(*KEY, TARGET, "segments", *models, *naive)


@contextmanager
def sound_forecasts(
    rows: DataFrame,
    models: Mapping[str, Forecaster],
    baselines: Sequence[Baseline],
    bounds: Bounds,
) -> Iterator[DataFrame]:
    """Forecast panel rows by every model, check the forecasts, and cache them while a block runs.

    Raises:
        UnsoundForecastError: a model's forecasts are unsound; mend the estimator.
    """
    scored = forecasts(rows, models, baselines).persist()
    try:
        require_sound(rows.where(f"{TARGET} IS NOT NULL"), scored, list(models), bounds)
        yield scored
    finally:
        scored.unpersist()


def require_sound_model(rows: DataFrame, name: str, model: Forecaster, bounds: Bounds) -> None:
    """Check that a model's forecasts of panel rows are sound.

    Raises:
        UnsoundForecastError: the forecasts are unsound; mend the estimator.
    """
    require_sound(rows, with_forecasts(rows, name, model), [name], bounds)


def with_forecasts(rows: DataFrame, name: str, model: Forecaster) -> DataFrame:
    """Add one model's forecasts to rows, as a struct column that has the model's name."""
    predicted = model.predict(rows)
    require_columns(predicted, name)
    combined = forecast_column(predicted[FORECAST], predicted)
    return predicted.withColumn(name, combined).drop(FORECAST, *QUANTILES)


def segment_errors(scored: DataFrame, models: Sequence[str]) -> list[Score]:
    """Measure the errors of every model in every segment.

    The driver receives a row per month, segment, value and model; the number of values is that of
    shops, categories and bins together.

    Args:
        scored: rows as ``forecasts`` returns them.
        models: names of the model columns.

    Raises:
        UnsoundForecastError: an error is not a finite number; tables keep finite errors only.
    """
    measured = errors(by_segment(scored), models, "month", "segment", "value")
    scores = [Score(**row) for row in measured.toArrow().to_pylist()]
    for score in scores:
        require_finite(score)
    return scores


def require_finite(score: Score) -> None:
    """Check that every metric of a model in a segment is a finite number or null.

    Raises:
        UnsoundForecastError: a metric is NaN or infinite; the error names the metric.
    """
    for metric in METRICS:
        value = score.metric(metric)
        if value is not None and not isfinite(value):
            raise UnsoundForecastError(
                f"{score.model}: {metric} of {score.segment} {score.value} in "
                f"{score.month:%Y-%m} is {value}, not a finite number; none of the model's errors "
                "is kept. See docs/explanation/estimators.md for what a model must return."
            )
