"""Rolling-origin run: the folds of one horizon → scores of every model, and report data."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from feature_store.panel.rows import PanelRows
from lakehouse.profile.profile import bounds_of
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress, track
from modelling.backtest.other_actuals import with_actuals
from modelling.estimators.baselines import Baseline
from modelling.estimators.estimator import Estimator
from modelling.evaluation.contributions import Importance, importance
from modelling.evaluation.diagnostics import (
    Pair,
    calibration,
    largest_pairs,
    series_actuals,
    series_forecasts,
)
from modelling.evaluation.folds import Fold
from modelling.evaluation.scoring import fitted, of_fold, segment_errors, sound_forecasts

Row = dict[str, Any]
LAKE = "lake"


@dataclass(frozen=True)
class OtherActuals:
    """Complete sales of the last scored month from files outside the lake.

    Attributes:
        name: name of the files in results.
        units: ``[shop_id, item_id, target]``, as ``other_actuals.actual_units`` returns.
    """

    name: str
    units: DataFrame


@dataclass
class Rolled:
    """The results of the folds of one horizon.

    Attributes:
        scores: ``horizon, cutoff, month, actuals, segment, value, model`` and metrics.
        bins: rows of ``diagnostics.calibration``, separate for every fold.
        forecasts: rows of ``diagnostics.series_forecasts``, of the largest pairs.
        actuals: rows of ``diagnostics.series_actuals``, of the largest pairs in every training and
            scored month.
        pairs: the pairs that sold most in the year before the first scored month.
        models: names of the fitted models, without the baselines.
        importance: model → measure → feature → size, of the newest fold.
    """

    scores: list[Row] = field(default_factory=list)
    bins: list[Row] = field(default_factory=list)
    forecasts: list[Row] = field(default_factory=list)
    actuals: list[Row] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    importance: dict[str, Importance] = field(default_factory=dict)


def roll(
    spark: SparkSession,
    rows: PanelRows,
    folds: Sequence[Fold],
    estimators: Sequence[Estimator],
    baselines: Sequence[Baseline],
    other: OtherActuals | None = None,
) -> Rolled:
    """Fit every estimator on every fold, and score models and baselines.

    Args:
        spark: the session.
        rows: panel rows of the folds' horizon, of any months.
        folds: the folds of one horizon, oldest first.
        estimators: the estimators to fit.
        baselines: naive forecasts that are defined for all folds.
        other: other actuals, against which the last fold is scored as well; None: none.

    Raises:
        UnsoundForecastError: a model's forecasts are unsound; mend the estimator.
    """
    pairs = largest_pairs(rows.of([folds[0].month]).frame(spark))
    found = Rolled(pairs=pairs, models=[each.name for each in estimators])
    names = [*found.models, *(baseline.name for baseline in baselines)]
    bounds = bounds_of(stored_profile(rows.lake).target_clip)
    for fold in track(folds, "backtest, months"):
        progress(
            "backtest: %s from %s, learning from %d months",
            f"{fold.month:%Y-%m}", f"{fold.cutoff:%Y-%m}", len(fold.train),
        )  # fmt: skip
        models = fitted(spark, rows, fold, estimators)
        against = other if fold == folds[-1] else None
        month = rows.of([fold.month]).frame(spark)
        with sound_forecasts(month, models, baselines, bounds) as scored:
            measure(scored, fold, names, against, found)
    newest = rows.of([folds[-1].month]).frame(spark)
    found.importance = {name: importance(model, newest) for name, model in models.items()}
    months = [*folds[-1].train, *(fold.month for fold in folds)]
    known = rows.of(sorted(set(months))).frame(spark)
    found.actuals = series_actuals(known, found.pairs)
    return found


def measure(
    scored: DataFrame,
    fold: Fold,
    names: Sequence[str],
    other: OtherActuals | None,
    found: Rolled,
) -> None:
    """Measure the scored forecasts of one fold, and append the results to ``found``."""
    found.scores += with_source(LAKE, of_fold(fold, segment_errors(scored, names)))
    found.bins += calibration(scored, names)
    found.forecasts += series_forecasts(scored, found.pairs, names)
    if other is not None:
        replaced = segment_errors(with_actuals(scored, other.units), names)
        found.scores += with_source(other.name, of_fold(fold, replaced))


def with_source(actuals: str, scores: Sequence[Row]) -> list[Row]:
    """Add the field ``actuals``, the source of the actual units, to scores."""
    return [{**score, "actuals": actuals} for score in scores]
