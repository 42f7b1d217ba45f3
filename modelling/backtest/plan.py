"""What a backtest is to do: its folds by horizon, its estimators, and the digest of all inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feature_store.panel.checks import require_fit_panel
from feature_store.panel.rows import PanelRows
from features.feature_set import FeatureSet, feature_set
from ingestion.files.sources import Source, find_sales
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

# Stands for the estimator that the profile names.
OWN = "profile"


@dataclass(frozen=True)
class BacktestSpec:
    """What a backtest is asked for.

    Attributes:
        spine: rows to learn from and to score on.
        folds: number of cutoffs.
        horizons: months from cutoff to target month.
        estimators: families of models; ``OWN`` stands for the profile's.
        parameters: ``tuned`` or ``profile``.
        workers: tasks that train together; None: every core.
        score_against: folder or file of complete sales; None: the lake's alone.
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
    """What a backtest is to do.

    Attributes:
        context: of the job.
        lake: where the panels are.
        spec: what is asked for.
        closed: the closed months.
        folds: horizon → folds, oldest first.
        parameters: of the models that learn.
        others: files to measure the last month against, too.
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
        """Plan what is asked for.

        Raises:
            RefusedError: no month is closed, or too few for one fold.
            SourceError: the files to measure against are missing or damaged.
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
        """The model's columns."""
        return feature_set(stored_profile(self.lake))

    @property
    def inputs(self) -> str:
        """Digest everything that the scores depend on."""
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
        """Make what is fitted on every fold."""
        features, clip = tuple(self.features.names), stored_profile(self.lake).target_clip
        model, workers = self.parameters.model, self.spec.workers
        settings = Settings(features, model, clip, workers)
        return [estimator(name, settings) for name in self.families]

    @property
    def families(self) -> list[str]:
        """The names of the estimators, each once."""
        own = self.parameters.model.estimator
        return list(dict.fromkeys(own if n == OWN else n for n in self.spec.estimators))

    def panel(self, horizon: int) -> PanelRows:
        """Name the rows of a horizon's folds."""
        folds = self.folds[horizon]
        months = (*folds[-1].train, *(fold.month for fold in folds))
        return PanelRows(self.lake, self.features, self.spec.spine, months, horizon)

    def require_panels(self) -> None:
        """Check the panels of all horizons, before minutes are spent on the first.

        Raises:
            RefusedError: one is not there, or not what is declared; names the command that helps.
        """
        for horizon in self.folds:
            require_fit_panel(self.panel(horizon), may_be_stale=True)

    def carry_out(self) -> dict[int, Rolled]:
        """Fit and measure: horizon → what came of its folds."""
        made = self.estimators()
        check_workers(self.context.spark, self.spec.workers)
        return {horizon: self.roll(horizon, folds, made) for horizon, folds in self.folds.items()}

    def roll(self, horizon: int, folds: Sequence[Fold], made: Sequence[Estimator]) -> Rolled:
        """Fit and measure on the folds of one horizon."""
        spark, features = self.context.spark, self.features
        naive = defined([fold.month for fold in folds], self.closed, horizon, features.names)
        return roll(spark, self.panel(horizon), folds, made, naive, self.other_actuals(folds[-1]))

    def other_actuals(self, fold: Fold) -> OtherActuals | None:
        """Read the files to measure a fold against, where there are any."""
        if not self.others:
            return None
        context = self.context
        units = actual_units(context.spark, self.lake, self.others, fold.month, context.now)
        return OtherActuals(", ".join(source.name for source in self.others), units)

    def describe(self) -> dict[str, Any]:
        """Return what MLflow keeps as parameters."""
        return {
            **self.parameters.model.model_dump(),
            "estimators": ",".join(self.families),
            "spine": self.spec.spine,
            "folds": self.spec.folds,
            "horizons": ",".join(map(str, self.folds)),
            "workers": check_workers(self.context.spark, self.spec.workers),
        }
