"""Tuning study: one hyperparameter search, whose trials gold.tunings keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from feature_store.panel.checks import require_fit_panel
from feature_store.panel.rows import PanelRows
from features.feature_set import feature_set
from ingestion.lake_months import closed_months
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.model import Model
from lakehouse.profile.stored import stored_profile
from modelling.estimators.estimator import Settings
from modelling.lineage import training_digest
from modelling.tuning import trials
from modelling.tuning.search import Trial
from modelling.tuning.trials import PARAMETERS
from modelling.tuning.tuning import Validation, validation


@dataclass(frozen=True)
class TuningSpec:
    """The rows and months of a study.

    Attributes:
        spine: rows to learn from: ``assortment`` or ``grid``.
        folds: number of last closed months, which a backtest reports and tuning must not see.
        validation_months: number of months before the last ``folds`` months; the error on these
            months ranks the trials.
    """

    spine: str
    folds: int
    validation_months: int


@dataclass(frozen=True)
class Study:
    """One hyperparameter search.

    Attributes:
        lake: the lake whose table gold.tunings keeps the trials.
        digest: digest of the panel months, code and profile parameters; identifies the study.
        rows: panel rows of the training and validation months.
        validation: the training and validation months.
        given: the profile's section ``model``.
    """

    lake: Lake
    digest: str
    rows: PanelRows
    validation: Validation
    given: Model

    @classmethod
    def of(cls, lake: Lake, spec: TuningSpec) -> "Study":
        """Choose the months and rows of a study, and check that the panel has them.

        Raises:
            UsageError: ``validation_months`` is below 1, or ``folds`` is negative.
            RefusedError: too few months are closed, or the panel is missing or differs from the
                declared features.
        """
        profile = stored_profile(lake)
        features = feature_set(profile)
        chosen = validation(
            closed_months(lake),
            profile.model.first_training_month,
            spec.folds,
            spec.validation_months,
        )
        seen = MonthRange(chosen.train.first, chosen.months.last)
        rows = PanelRows(lake, features, spec.spine, tuple(seen))
        require_fit_panel(rows, may_be_stale=True)
        digest = training_digest(lake, features, spec.spine, seen, chosen.months.first)
        return cls(lake, digest, rows, chosen, profile.model)

    def settings(self, parameters: Model, workers: int | None) -> Settings:
        """Return the estimator's settings for a trial; without quantiles, as RMSE ranks trials."""
        names, clip = tuple(self.rows.features.names), stored_profile(self.lake).target_clip
        return Settings(names, parameters.without_intervals(), clip, workers)

    def trials(self) -> list[Trial]:
        """Read the study's finished trials from gold.tunings, ordered by number."""
        return [self.trial(row) for row in trials.trials(self.lake, self.digest)]

    def trial(self, row: Mapping[str, Any]) -> Trial:
        """Convert a row of gold.tunings into a trial."""
        values = {name: row[name] for name in PARAMETERS}
        parameters = Model.model_validate({**self.given.model_dump(), **values})
        return Trial(row["trial"], parameters, row["rmse"], row["seconds"])

    def keep(self, trial: Trial) -> None:
        """Append a finished trial to gold.tunings."""
        trials.keep(
            self.lake,
            {
                "study": self.digest,
                "trial": trial.number,
                "spine": self.rows.spine,
                "validated_from": self.validation.months.first,
                "validated_through": self.validation.months.last,
                **{name: getattr(trial.parameters, name) for name in PARAMETERS},
                "rmse": trial.rmse,
                "seconds": trial.seconds,
                "finished_at": datetime.now(UTC),
            },
        )
