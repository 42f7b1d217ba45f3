"""Comparison of recipes: refit each recipe at every cutoff and score all on the same rows."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeGuard

import pyarrow as pa

from feature_store.panel.rows import PanelRows
from features.feature_set import FeatureSet, feature_set
from ingestion.lake_months import closed_months
from lakehouse.context import Context
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows
from lakehouse.errors import ShopcastError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.model import Model
from lakehouse.profile.profile import Clip, bounds_of
from lakehouse.profile.rules import Gate
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress, track
from lakehouse.tables.gold import BACKTESTS
from modelling.backtest.plan import BacktestSpec, Plan
from modelling.backtest.rolling import LAKE, Row
from modelling.backtest.scores import SECOND, run_name, stored_scores
from modelling.estimators.baselines import Baseline, defined
from modelling.estimators.estimator import Estimator
from modelling.estimators.soundness import UnsoundForecastError
from modelling.estimators.task_slots import given_workers
from modelling.evaluation.folds import Fold, rolling_folds
from modelling.evaluation.scoring import fitted, of_fold, segment_errors, sound_forecasts
from modelling.lineage import training_digest
from modelling.promotion.gate import CANDIDATE, CHAMPION, Scores, Verdict, judge, pooled
from modelling.registry.recipe import Recipe
from modelling.tuning.trials import PROFILE, Parameters


@dataclass(frozen=True)
class Contest:
    """The folds on which the recipes of a horizon are compared.

    Attributes:
        context: the job's context.
        lake: the lake that has the panels.
        features: the features that the code and profile declare now.
        closed: the closed months.
        count: number of folds asked for.
        workers: tasks that train together; None: every task slot.
        horizons: all horizons that this run decides about; an earlier backtest of the same horizons
            has scores to reuse.
    """

    context: Context
    lake: Lake
    features: FeatureSet
    closed: MonthRange
    count: int
    workers: int | None
    horizons: tuple[int, ...]

    @classmethod
    def of(
        cls,
        context: Context,
        lake: Lake,
        count: int,
        workers: int | None,
        horizons: tuple[int, ...],
    ) -> "Contest":
        """Build the contest from a lake's profile, features and closed months as of now."""
        features = feature_set(stored_profile(lake))
        return cls(context, lake, features, closed_months(lake), count, workers, horizons)

    def can_enter(self, recipe: Recipe | None) -> TypeGuard[Recipe]:
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
        return recipe.made(self.clip, self.workers)

    @property
    def clip(self) -> Clip | None:
        """The profile's bounds of the target, units; None: no bounds."""
        return stored_profile(self.lake).target_clip

    def verdict(self, recipes: Mapping[str, Recipe], rules: Gate) -> tuple[Verdict, Scores]:
        """Score recipes on the same folds, and judge the candidate.

        Args:
            recipes: the candidate's recipe and, if the champion can enter, the champion's recipe.
            rules: the profile's margins.

        Returns:
            The verdict, and the scores behind the verdict. The scores omit the champion if the
            champion's forecasts are unsound.

        Raises:
            UnsoundForecastError: the candidate's forecasts are unsound; mend the estimator.
        """
        found = {CANDIDATE: self.scores(recipes[CANDIDATE])}
        if CHAMPION in recipes:
            with suppress(UnsoundForecastError):
                found[CHAMPION] = self.scores(recipes[CHAMPION])
        own = {
            name: [row for row in rows if row["model"] == self.estimator(recipes[name]).name]
            for name, rows in found.items()
        }
        naive = [baseline.name for baseline in self.naive(recipes[CANDIDATE])]
        of_naive = {
            name: [row for row in found[CANDIDATE] if row["model"] == name] for name in naive
        }
        scores = pooled({**own, **of_naive})
        return judge(scores, rules, naive), scores

    def folds(self, recipe: Recipe) -> list[Fold]:
        """Make the folds of a recipe's horizon, oldest first."""
        first = stored_profile(self.lake).model.first_training_month
        months = tuple(self.closed)
        panel = PanelRows(self.lake, self.features, recipe.spine, months, recipe.horizon)
        return rolling_folds(self.closed, first, self.count, recipe.horizon, panel.empty_months())

    def naive(self, recipe: Recipe) -> list[Baseline]:
        """List the baselines that are defined for every fold of a recipe's horizon."""
        months = [fold.month for fold in self.folds(recipe)]
        return defined(months, self.closed, recipe.horizon, self.features.names)

    def inputs(self, recipe: Recipe) -> str:
        """Digest everything that determines a recipe's scores on the folds."""
        panel = training_digest(
            self.lake, self.features, recipe.spine, self.closed, horizon=recipe.horizon
        )
        return log.digest([panel, recipe.digest, self.count, *given_workers(self.workers)])

    def scores(self, recipe: Recipe) -> list[Row]:
        """Return a recipe's scores on every fold: stored ones of the same inputs, or new ones.

        Returns:
            Rows of gold.backtests of the recipe's horizon, with the lake's own sales as actuals.

        Raises:
            UnsoundForecastError: a model's forecasts are unsound; mend the estimator.
        """
        for inputs in (self.inputs(recipe), *self.backtests(recipe)):
            stored = stored_scores(self.lake, inputs)
            known = [s for s in stored if (s["horizon"], s["actuals"]) == (recipe.horizon, LAKE)]
            if known:
                return known
        return self.scored(recipe)

    def backtests(self, recipe: Recipe) -> Iterator[str]:
        """Yield the input digests of backtests that would give the same scores as a recipe.

        The digests are computed one by one, because the first match ends the search.
        """
        if list(recipe.features) != self.features.names:
            return
        families = ((recipe.estimator,), (recipe.estimator, SECOND))
        for horizons, estimators in product({self.horizons, (recipe.horizon,)}, families):
            asked = BacktestSpec(
                spine=recipe.spine,
                folds=self.count,
                horizons=horizons,
                estimators=estimators,
                parameters=PROFILE,
                workers=self.workers,
            )
            plan = Plan.of(self.context, self.lake, asked)
            learned = Parameters(Model.model_validate(recipe.parameters), "of the recipe")
            yield replace(plan, parameters=learned).inputs

    def scored(self, recipe: Recipe) -> list[Row]:
        """Fit a recipe at every cutoff, score model and baselines, and append to gold.backtests.

        Raises:
            UnsoundForecastError: a model's forecasts are unsound; mend the estimator.
        """
        made, naive, spark = self.estimator(recipe), self.naive(recipe), self.context.spark
        names = [made.name, *(baseline.name for baseline in naive)]
        panel = PanelRows(self.lake, self.features, recipe.spine, (), recipe.horizon)
        found: list[Row] = []
        for fold in track(self.folds(recipe), "promote, months"):
            progress("promote: %s by %s", f"{fold.month:%Y-%m}", recipe.estimator)
            models = fitted(spark, panel, fold, [made])
            month = panel.of([fold.month]).frame(spark)
            with sound_forecasts(month, models, naive, bounds_of(self.clip)) as scored:
                found += of_fold(fold, segment_errors(scored, names))
        inputs = self.inputs(recipe)
        common = {
            "run": f"{run_name(self.context)}-{inputs}",
            "spine": recipe.spine,
            "actuals": LAKE,
            "inputs": inputs,
        }
        rows = [{**row, **common} for row in found]
        append_rows(self.lake, BACKTESTS, pa.Table.from_pylist(rows, BACKTESTS.schema))
        return rows
