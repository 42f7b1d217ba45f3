"""Rolling-origin run: the folds of one horizon → scores of every model, and report data."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pyspark.sql import DataFrame, SparkSession

from feature_store.panel.rows import PanelRows
from lakehouse.progress import progress, track
from modelling.backtest.other_actuals import with_actuals
from modelling.estimators.baselines import Baseline
from modelling.estimators.estimator import Estimator
from modelling.estimators.soundness import Bounds
from modelling.evaluation.contributions import Importance, importance
from modelling.evaluation.diagnostics import (
    CalibrationBin,
    Pair,
    SeriesActual,
    SeriesForecast,
    calibration,
    largest_pairs,
    series_actuals,
    series_forecasts,
)
from modelling.evaluation.folds import Fold
from modelling.evaluation.score import FoldScore
from modelling.evaluation.scoring import fitted, of_fold, segment_errors, sound_forecasts


@dataclass(frozen=True)
class OtherActuals:
    """Complete sales of the last scored month from files outside the lake.

    Attributes:
        name: name of the files in results.
        units: ``[shop_id, item_id, target]``, as ``OtherSales.actual_units`` returns.
    """

    name: str
    units: DataFrame


@dataclass(frozen=True)
class Entrants:
    """What a backtest scores on every fold.

    Attributes:
        estimators: the estimators to fit.
        baselines: naive forecasts that are defined for all folds.
        bounds: the least and the greatest forecast, units.
        other: other actuals, against which the last fold is scored as well; None: none.
    """

    estimators: Sequence[Estimator]
    baselines: Sequence[Baseline]
    bounds: Bounds
    other: OtherActuals | None = None

    @property
    def names(self) -> list[str]:
        """The names of estimators and baselines, as in results."""
        return [*(e.name for e in self.estimators), *(b.name for b in self.baselines)]


@dataclass
class Rolled:
    """The results of the folds of one horizon.

    Attributes:
        scores: scores of every fold.
        bins: bins of the forecast, separate for every fold.
        forecasts: forecasts of the largest pairs.
        actuals: units of the largest pairs in every training and scored month.
        pairs: the pairs that sold most in the year before the first scored month.
        models: names of the fitted models, without the baselines.
        importance: model → measure → feature → size, of the newest fold.
    """

    scores: list[FoldScore] = field(default_factory=list)
    bins: list[CalibrationBin] = field(default_factory=list)
    forecasts: list[SeriesForecast] = field(default_factory=list)
    actuals: list[SeriesActual] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    importance: dict[str, Importance] = field(default_factory=dict)


def roll(spark: SparkSession, rows: PanelRows, folds: Sequence[Fold], entrants: Entrants) -> Rolled:
    """Fit every estimator on every fold, and score models and baselines.

    Args:
        spark: the session.
        rows: panel rows of the folds' horizon, of any months.
        folds: the folds of one horizon, oldest first.
        entrants: the estimators, baselines and actuals to score.

    Raises:
        UnsoundForecastError: a model's forecasts are unsound; mend the estimator.
    """
    pairs = largest_pairs(rows.of([folds[0].month]).frame(spark))
    rolled = Rolled(pairs=pairs, models=[each.name for each in entrants.estimators])
    for fold in track(folds, "backtest, months"):
        progress(
            "backtest: %s from %s, learning from %d months",
            f"{fold.month:%Y-%m}", f"{fold.cutoff:%Y-%m}", len(fold.train),
        )  # fmt: skip
        models = fitted(spark, rows, fold, entrants.estimators)
        other = entrants.other if fold == folds[-1] else None
        month = rows.of([fold.month]).frame(spark)
        with sound_forecasts(month, models, entrants.baselines, entrants.bounds) as scored:
            measure(scored, fold, entrants.names, other, rolled)
    newest = rows.of([folds[-1].month]).frame(spark)
    rolled.importance = {name: importance(model, newest) for name, model in models.items()}
    months = sorted({*folds[-1].train, *(fold.month for fold in folds)})
    rolled.actuals = series_actuals(rows.of(months).frame(spark), rolled.pairs)
    return rolled


def measure(
    scored: DataFrame,
    fold: Fold,
    names: Sequence[str],
    other: OtherActuals | None,
    rolled: Rolled,
) -> None:
    """Measure the scored forecasts of one fold, and append the results to ``rolled``."""
    rolled.scores += of_fold(fold, segment_errors(scored, names))
    rolled.bins += calibration(scored, names)
    rolled.forecasts += series_forecasts(scored, rolled.pairs, names)
    if other is not None:
        replaced = segment_errors(with_actuals(scored, other.units), names)
        rolled.scores += of_fold(fold, replaced, other.name)
