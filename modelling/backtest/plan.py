"""Backtest plan: the folds by horizon, the estimators, and the digest of all inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feature_store.panel.checks import require_fit_panel
from feature_store.panel.rows import PanelRows
from features.feature_set import FeatureSet, feature_set
from ingestion.files.source import Source
from ingestion.files.sources import find_sales
from ingestion.lake_months import closed_months
from lakehouse.context import Context
from lakehouse.delta import log
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.stored import stored_profile
from modelling.backtest.other_actuals import actual_units
from modelling.backtest.rolling import OtherActuals, Rolled, roll
from modelling.estimators.baselines import defined
from modelling.estimators.estimator import Estimator, Settings
from modelling.estimators.families import estimator
from modelling.estimators.task_slots import check_workers, given_workers
from modelling.evaluation.folds import Fold, rolling_folds
from modelling.lineage import training_digest
from modelling.tuning import trials
from modelling.tuning.trials import Parameters

# Placeholder for the estimator that the profile names.
OWN = "profile"


@dataclass(frozen=True)
class BacktestSpec:
    """The request for a backtest.

    Attributes:
        spine: rows to learn from and to score: ``assortment`` or ``grid``.
        folds: number of cutoffs.
        horizons: months from cutoff to target month.
        estimators: names of model families; ``OWN`` stands for the family that the profile names.
        parameters: ``tuned`` or ``profile``.
        workers: tasks that train together; None: every task slot.
        score_against: folder or file of complete sales to score against as well; None: score
            against the lake's sales only.
    """

    spine: str
    folds: int
    horizons: tuple[int, ...]
    estimators: tuple[str, ...]
    parameters: str
    workers: int | None
    score_against: str | None = None


@dataclass(frozen=True)
class Plan:
    """The folds and parameters of a backtest, ready to run.

    Attributes:
        context: the job's context.
        lake: the lake that has the panels.
        spec: the request.
        closed: the closed months.
        folds: horizon → folds, oldest first.
        parameters: parameters of the fitted models, with their source.
        others: sales files against which the last month is scored as well; empty: none.
    """

    context: Context
    lake: Lake
    spec: BacktestSpec
    closed: MonthRange
    folds: Mapping[int, Sequence[Fold]]
    parameters: Parameters
    others: tuple[Source, ...] = ()

    @classmethod
    def of(cls, context: Context, lake: Lake, spec: BacktestSpec) -> "Plan":
        """Plan the backtest that a spec requests.

        Raises:
            RefusedError: too few months are closed for one fold; ingest more history.
            SourceError: the files to score against are missing or damaged.
        """
        profile, closed = stored_profile(lake), closed_months(lake)
        first, count = profile.model.first_training_month, spec.folds
        features, months = feature_set(profile), tuple(closed)
        panels = {h: PanelRows(lake, features, spec.spine, months, h) for h in spec.horizons}
        folds = {
            h: rolling_folds(closed, first, count, h, panel.empty_months())
            for h, panel in panels.items()
        }
        scored = min(fold.month for each in folds.values() for fold in each)
        parameters = trials.chosen(lake, spec.parameters, spec.spine, scored)
        path = spec.score_against
        others = find_sales(path, profile) if path else ()
        return cls(context, lake, spec, closed, folds, parameters, others)

    @property
    def features(self) -> FeatureSet:
        """The features that models learn from."""
        return feature_set(stored_profile(self.lake))

    @property
    def inputs(self) -> str:
        """The digest of everything that determines the scores."""
        asked = self.spec
        return log.digest(
            [
                *(
                    training_digest(
                        self.lake, self.features, asked.spine, self.closed, horizon=horizon
                    )
                    for horizon in self.folds
                ),
                asked.folds,
                self.families,
                self.parameters.model.model_dump(),
                [source.digest for source in self.others],
                *given_workers(asked.workers),
            ]
        )

    def estimators(self) -> list[Estimator]:
        """Make the estimators to fit on every fold."""
        features, clip = tuple(self.features.names), stored_profile(self.lake).target_clip
        model, workers = self.parameters.model, self.spec.workers
        settings = Settings(features, model, clip, workers)
        return [estimator(name, settings) for name in self.families]

    @property
    def families(self) -> list[str]:
        """The names of the model families, without repetition."""
        own = self.parameters.model.estimator
        return list(dict.fromkeys(own if n == OWN else n for n in self.spec.estimators))

    def panel(self, horizon: int) -> PanelRows:
        """Return the panel rows of a horizon's folds: training months and scored months."""
        folds = self.folds[horizon]
        months = (*folds[-1].train, *(fold.month for fold in folds))
        return PanelRows(self.lake, self.features, self.spec.spine, months, horizon)

    def require_panels(self) -> None:
        """Check the panels of all horizons before fitting starts, which takes minutes.

        Raises:
            RefusedError: a panel is missing, or differs from the declared features; the error names
                the command that builds the panel.
        """
        for horizon in self.folds:
            require_fit_panel(self.panel(horizon), may_be_stale=True)

    def carry_out(self) -> dict[int, Rolled]:
        """Fit and score all folds: horizon → results."""
        made = self.estimators()
        check_workers(self.context.spark, self.spec.workers)
        return {horizon: self.roll(horizon, folds, made) for horizon, folds in self.folds.items()}

    def roll(self, horizon: int, folds: Sequence[Fold], made: Sequence[Estimator]) -> Rolled:
        """Fit and score the estimators and baselines on the folds of one horizon."""
        spark, features = self.context.spark, self.features
        naive = defined([fold.month for fold in folds], self.closed, horizon, features.names)
        return roll(spark, self.panel(horizon), folds, made, naive, self.other_actuals(folds[-1]))

    def other_actuals(self, fold: Fold) -> OtherActuals | None:
        """Read the other actuals of a fold's month; None: no files were given."""
        if not self.others:
            return None
        context = self.context
        units = actual_units(context.spark, self.lake, self.others, fold.month, context.now)
        return OtherActuals(", ".join(source.name for source in self.others), units)

    def describe(self) -> dict[str, Any]:
        """Return the parameters to log in MLflow."""
        return {
            **self.parameters.model.model_dump(),
            "estimators": ",".join(self.families),
            "spine": self.spec.spine,
            "folds": self.spec.folds,
            "horizons": ",".join(map(str, self.folds)),
            "workers": check_workers(self.context.spark, self.spec.workers),
        }
