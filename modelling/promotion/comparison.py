"""Comparison of recipes: refit each recipe at every cutoff and score all on the same rows."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import TypeGuard

from feature_store.panel.rows import PanelRows
from features.feature_set import FeatureSet, feature_set
from lakehouse.context import Context
from lakehouse.delta import log
from lakehouse.errors import ShopcastError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.model import ModelConfig
from lakehouse.profile.profile import Profile, bounds_of
from lakehouse.progress import progress, track
from modelling.backtest.plan import BacktestSpec, Plan
from modelling.backtest.scores import SECOND, BacktestRun, run_name, store, stored_backtest
from modelling.estimators.baselines import Baseline, defined_baselines
from modelling.estimators.estimator import Estimator
from modelling.estimators.soundness import UnsoundForecastError
from modelling.estimators.task_slots import given_workers
from modelling.evaluation.folds import Fold, rolling_folds
from modelling.evaluation.score import LAKE, FoldScore
from modelling.evaluation.scoring import fitted, of_fold, segment_errors, sound_forecasts
from modelling.lineage import training_digest
from modelling.promotion.gate import CANDIDATE, CHAMPION, Scores, Verdict, evaluate, pooled
from modelling.registry.recipe import Recipe
from modelling.tuning.trials import PROFILE, Parameters


@dataclass(frozen=True)
class PromotionSpec:
    """The request for a promotion.

    Attributes:
        folds: number of cutoffs on which candidate and champion are compared.
        workers: tasks that train together; None: every task slot.
        horizons: all horizons that this run decides about; an earlier backtest of the same horizons
            has scores to reuse.
    """

    folds: int
    workers: int | None
    horizons: tuple[int, ...]


@dataclass(frozen=True)
class Comparison:
    """The folds on which the recipes of a horizon are compared.

    Attributes:
        context: the job's context.
        lake: the lake that has the panels.
        profile: the lake's profile.
        closed: the closed months.
        spec: the request for the promotion.
    """

    context: Context
    lake: Lake
    profile: Profile
    closed: MonthRange
    spec: PromotionSpec

    @cached_property
    def features(self) -> FeatureSet:
        """The features that the code and profile declare now."""
        return feature_set(self.profile)

    def can_refit(self, recipe: Recipe | None) -> TypeGuard[Recipe]:
        """Check whether a recipe exists and today's features and code can still make its model."""
        if recipe is None or not set(recipe.features) <= set(self.features.names):
            return False
        try:
            self.estimator(recipe)
        except ShopcastError:
            return False
        return True

    def estimator(self, recipe: Recipe) -> Estimator:
        """Make the estimator of a recipe."""
        return recipe.estimator_for(self.profile.target_clip, self.spec.workers)

    def panel(self, recipe: Recipe) -> PanelRows:
        """Return the panel rows of a recipe's spine and horizon in all closed months."""
        months = tuple(self.closed)
        return PanelRows(self.lake, self.features, recipe.spine, months, recipe.horizon)

    def verdict(self, recipes: Mapping[str, Recipe]) -> tuple[Verdict, Scores]:
        """Score recipes on the same folds, and decide about the candidate by the gate's rules.

        Args:
            recipes: the candidate's recipe and, if it can be fitted again, the champion's recipe.

        Returns:
            The verdict, and the scores behind the verdict. The scores omit the champion if the
            champion's forecasts are unsound.

        Raises:
            UnsoundForecastError: the candidate's forecasts are unsound; mend the estimator.
        """
        scored = {CANDIDATE: self.scores(recipes[CANDIDATE])}
        if CHAMPION in recipes:
            with suppress(UnsoundForecastError):
                scored[CHAMPION] = self.scores(recipes[CHAMPION])
        learned = {
            contender: of_model(rows, self.estimator(recipes[contender]).name)
            for contender, rows in scored.items()
        }
        naive = [baseline.name for baseline in self.naive(recipes[CANDIDATE])]
        of_naive = {name: of_model(scored[CANDIDATE], name) for name in naive}
        scores = pooled({**learned, **of_naive})
        return evaluate(scores, self.profile.gate, naive), scores

    def folds(self, recipe: Recipe) -> list[Fold]:
        """Make the folds of a recipe's horizon, oldest first."""
        first = self.profile.model.first_training_month
        empty = self.panel(recipe).empty_months()
        return rolling_folds(self.closed, first, self.spec.folds, recipe.horizon, empty)

    def naive(self, recipe: Recipe) -> list[Baseline]:
        """List the baselines that are defined for every fold of a recipe's horizon."""
        months = [fold.month for fold in self.folds(recipe)]
        return defined_baselines(months, self.closed, recipe.horizon, self.features.names)

    def inputs(self, recipe: Recipe) -> str:
        """Digest everything that determines a recipe's scores on the folds."""
        panel = training_digest(self.panel(recipe), self.profile.model)
        workers = given_workers(self.spec.workers)
        return log.digest([panel, recipe.digest, self.spec.folds, *workers])

    def scores(self, recipe: Recipe) -> list[FoldScore]:
        """Return a recipe's scores on every fold: stored ones of the same inputs, or new ones.

        Returns:
            Scores of the recipe's horizon, with the lake's own sales as actuals.

        Raises:
            UnsoundForecastError: a model's forecasts are unsound; mend the estimator.
        """
        for inputs in (self.inputs(recipe), *self.backtests(recipe)):
            stored = stored_backtest(self.lake, inputs)
            scores = [] if stored is None else stored.scores
            usable = [s for s in scores if (s.horizon, s.actuals) == (recipe.horizon, LAKE)]
            if usable:
                return usable
        return self.fit_and_score(recipe)

    def backtests(self, recipe: Recipe) -> Iterator[str]:
        """Yield the input digests of backtests that would give the same scores as a recipe.

        The digests are computed one by one, because the first match ends the search.
        """
        if list(recipe.features) != self.features.names:
            return
        families = ((recipe.estimator,), (recipe.estimator, SECOND))
        for horizons, estimators in product({self.spec.horizons, (recipe.horizon,)}, families):
            asked = BacktestSpec(
                spine=recipe.spine,
                folds=self.spec.folds,
                horizons=horizons,
                estimators=estimators,
                parameters=PROFILE,
                workers=self.spec.workers,
            )
            plan = Plan.of(self.context, self.lake, self.profile, asked)
            learned = Parameters(ModelConfig.model_validate(recipe.parameters), "of the recipe")
            yield replace(plan, parameters=learned).inputs

    def fit_and_score(self, recipe: Recipe) -> list[FoldScore]:
        """Fit a recipe at every cutoff, score model and baselines, and append to gold.backtests.

        Raises:
            UnsoundForecastError: a model's forecasts are unsound; mend the estimator.
        """
        estimator, naive, spark = self.estimator(recipe), self.naive(recipe), self.context.spark
        names = [estimator.name, *(baseline.name for baseline in naive)]
        panel, bounds = self.panel(recipe), bounds_of(self.profile.target_clip)
        scores: list[FoldScore] = []
        for fold in track(self.folds(recipe), "promote, months"):
            progress("promote: %s by %s", f"{fold.month:%Y-%m}", recipe.estimator)
            models = fitted(spark, panel, fold, [estimator])
            month = panel.of([fold.month]).frame(spark)
            with sound_forecasts(month, models, naive, bounds) as scored:
                scores += of_fold(fold, segment_errors(scored, names))
        inputs = self.inputs(recipe)
        run = BacktestRun(f"{run_name(self.context)}-{inputs}", recipe.spine, inputs)
        return store(self.lake, run, scores).scores


def of_model(scores: Iterable[FoldScore], model: str) -> list[FoldScore]:
    """Keep the scores of one model."""
    return [score for score in scores if score.model == model]
