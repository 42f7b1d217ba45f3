"""What a backtest is to do: its folds by horizon, its estimators, and the digest of all inputs."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from features.feature_set import FeatureSet, feature_set
from jobs import tunings
from jobs.actual_sales import actual_units
from jobs.command import Context
from jobs.lineage import training_digest
from jobs.modelling.baselines import defined
from jobs.modelling.estimator import Estimator, Settings
from jobs.modelling.families import estimator
from jobs.modelling.folds import Fold, rolling_folds
from jobs.modelling.rolling import OtherActuals, Rolled, roll
from jobs.modelling.task_slots import check_workers, given_workers
from jobs.panel_checks import require_fit_panel
from jobs.panel_rows import PanelRows, closed_months
from jobs.tunings import Parameters
from lakehouse.delta import log
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.sources import Source, find_sales
from lakehouse.stored_profile import stored_profile

# Stands for the estimator that the profile names.
OWN = "profile"


@dataclass(frozen=True)
class Plan:
    """What a backtest is to do.

    Attributes:
        context: of the job.
        lake: where the panels are.
        arguments: of the command line.
        closed: the closed months.
        folds: horizon → folds, oldest first.
        parameters: of the models that learn.
        others: files to measure the last month against, too.
    """

    context: Context
    lake: Lake
    arguments: argparse.Namespace
    closed: MonthRange
    folds: Mapping[int, Sequence[Fold]]
    parameters: Parameters
    others: tuple[Source, ...] = ()

    @classmethod
    def of(cls, context: Context, lake: Lake, arguments: argparse.Namespace) -> "Plan":
        """Read a command line.

        Raises:
            RefusedError: no month is closed, or too few for one fold.
            SourceError: the files to measure against are missing or damaged.
        """
        profile, closed = stored_profile(lake), closed_months(lake)
        first, count = profile.model.first_training_month, arguments.folds
        features, months = feature_set(profile), tuple(closed)
        panels = {
            h: PanelRows(lake, features, arguments.spine, months, h) for h in arguments.horizons
        }
        folds = {
            h: rolling_folds(closed, first, count, h, panel.empty_months())
            for h, panel in panels.items()
        }
        scored = min(fold.month for each in folds.values() for fold in each)
        parameters = tunings.chosen(lake, arguments.parameters, arguments.spine, scored)
        path = arguments.score_against
        others = find_sales(path, profile) if path else ()
        return cls(context, lake, arguments, closed, folds, parameters, others)

    @property
    def features(self) -> FeatureSet:
        """The model's columns."""
        return feature_set(stored_profile(self.lake))

    @property
    def inputs(self) -> str:
        """Digest everything that the scores depend on."""
        asked = self.arguments
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
        model, workers = self.parameters.model, self.arguments.workers
        settings = Settings(features, model, clip, workers)
        return [estimator(name, settings) for name in self.families]

    @property
    def families(self) -> list[str]:
        """The names of the estimators, each once."""
        own = self.parameters.model.estimator
        return list(dict.fromkeys(own if n == OWN else n for n in self.arguments.estimators))

    def panel(self, horizon: int) -> PanelRows:
        """Name the rows of a horizon's folds."""
        folds = self.folds[horizon]
        months = (*folds[-1].train, *(fold.month for fold in folds))
        return PanelRows(self.lake, self.features, self.arguments.spine, months, horizon)

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
        check_workers(self.context.spark, self.arguments.workers)
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
            "spine": self.arguments.spine,
            "folds": self.arguments.folds,
            "horizons": ",".join(map(str, self.folds)),
            "workers": check_workers(self.context.spark, self.arguments.workers),
        }
