"""Backtest plan: the folds by horizon, the estimators, and the digest of all inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

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
from lakehouse.profile.profile import Profile, bounds_of
from modelling.backtest.other_actuals import OtherSales
from modelling.backtest.rolling import Entrants, OtherActuals, Rolled, roll
from modelling.estimators.baselines import defined_baselines
from modelling.estimators.estimator import Estimator, EstimatorSettings
from modelling.estimators.families import make_estimator
from modelling.estimators.task_slots import check_workers, given_workers
from modelling.evaluation.folds import Fold, rolling_folds
from modelling.lineage import training_digest
from modelling.tuning.trials import Parameters, choose_parameters

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
        profile: the lake's profile.
        spec: the request.
        closed: the closed months.
        folds: horizon → folds, oldest first.
        parameters: parameters of the fitted models, with their source.
        others: sales files against which the last month is scored as well; empty: none.
    """

    context: Context
    lake: Lake
    profile: Profile
    spec: BacktestSpec
    closed: MonthRange
    folds: Mapping[int, Sequence[Fold]]
    parameters: Parameters
    others: tuple[Source, ...] = ()

    @classmethod
    def of(cls, context: Context, lake: Lake, profile: Profile, spec: BacktestSpec) -> "Plan":
        """Plan the backtest that a spec requests.

        Raises:
            RefusedError: too few months are closed for one fold; ingest more history.
            SourceError: the files to score against are missing or damaged.
        """
        closed = closed_months(lake)
        first, count = profile.model.first_training_month, spec.folds
        features, months = feature_set(profile), tuple(closed)
        panels = {h: PanelRows(lake, features, spec.spine, months, h) for h in spec.horizons}
        folds = {
            h: rolling_folds(closed, first, count, h, panel.empty_months())
            for h, panel in panels.items()
        }
        scored = min(fold.month for each in folds.values() for fold in each)
        parameters = choose_parameters(lake, profile.model, spec.parameters, spec.spine, scored)
        path = spec.score_against
        others = find_sales(path, profile) if path else ()
        return cls(context, lake, profile, spec, closed, folds, parameters, others)

    @cached_property
    def features(self) -> FeatureSet:
        """The features that models learn from."""
        return feature_set(self.profile)

    @property
    def inputs(self) -> str:
        """The digest of everything that determines the scores."""
        asked = self.spec
        return log.digest(
            [
                *(training_digest(self.closed_panel(h), self.profile.model) for h in self.folds),
                asked.folds,
                self.families,
                self.parameters.model.model_dump(),
                [source.digest for source in self.others],
                *given_workers(asked.workers),
            ]
        )

    def estimators(self) -> list[Estimator]:
        """Make the estimators to fit on every fold."""
        features, clip = tuple(self.features.names), self.profile.target_clip
        model, workers = self.parameters.model, self.spec.workers
        settings = EstimatorSettings(features, model, clip, workers)
        return [make_estimator(name, settings) for name in self.families]

    @property
    def families(self) -> list[str]:
        """The names of the model families, without repetition."""
        own = self.parameters.model.estimator
        return list(dict.fromkeys(own if n == OWN else n for n in self.spec.estimators))

    def closed_panel(self, horizon: int) -> PanelRows:
        """Return the panel rows of a horizon in all closed months."""
        months = tuple(self.closed)
        return PanelRows(self.lake, self.features, self.spec.spine, months, horizon)

    def panel(self, horizon: int) -> PanelRows:
        """Return the panel rows of a horizon's folds: training months and scored months."""
        folds = self.folds[horizon]
        months = (*folds[-1].train, *(fold.month for fold in folds))
        return self.closed_panel(horizon).of(months)

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
        estimators = self.estimators()
        check_workers(self.context.spark, self.spec.workers)
        return {h: self.roll(h, folds, estimators) for h, folds in self.folds.items()}

    def roll(self, horizon: int, folds: Sequence[Fold], estimators: Sequence[Estimator]) -> Rolled:
        """Fit and score the estimators and baselines on the folds of one horizon."""
        months, names = [fold.month for fold in folds], self.features.names
        entrants = Entrants(
            estimators,
            defined_baselines(months, self.closed, horizon, names),
            bounds_of(self.profile.target_clip),
            self.other_actuals(folds[-1]),
        )
        return roll(self.context.spark, self.panel(horizon), folds, entrants)

    def other_actuals(self, fold: Fold) -> OtherActuals | None:
        """Read the other actuals of a fold's month; None: no files were given."""
        if not self.others:
            return None
        files = OtherSales(self.lake, self.profile, self.others, self.context.now)
        units = files.actual_units(self.context.spark, fold.month)
        return OtherActuals(", ".join(source.name for source in self.others), units)

    def describe(self) -> dict[str, object]:
        """Return the parameters to log in MLflow."""
        return {
            **self.parameters.model.model_dump(),
            "estimators": ",".join(self.families),
            "spine": self.spec.spine,
            "folds": self.spec.folds,
            "horizons": ",".join(map(str, self.folds)),
            "workers": check_workers(self.context.spark, self.spec.workers),
        }
