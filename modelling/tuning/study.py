"""Tuning study: one hyperparameter search, whose trials gold.tunings keeps."""

from dataclasses import dataclass
from datetime import UTC, datetime

from feature_store.panel.checks import require_fit_panel
from feature_store.panel.rows import PanelRows
from features.feature_set import feature_set
from ingestion.lake_months import closed_months
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.model import ModelConfig
from lakehouse.profile.profile import Profile
from modelling.estimators.estimator import EstimatorSettings
from modelling.lineage import training_digest
from modelling.tuning import trials
from modelling.tuning.search import Trial
from modelling.tuning.trials import TuningRow
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
        profile: the lake's profile.
    """

    lake: Lake
    digest: str
    rows: PanelRows
    validation: Validation
    profile: Profile

    @classmethod
    def of(cls, lake: Lake, profile: Profile, spec: TuningSpec) -> "Study":
        """Choose the months and rows of a study, and check that the panel has them.

        Raises:
            UsageError: ``validation_months`` is below 1, or ``folds`` is negative.
            RefusedError: too few months are closed, or the panel is missing or differs from the
                declared features.
        """
        chosen = validation(
            closed_months(lake),
            profile.model.first_training_month,
            spec.folds,
            spec.validation_months,
        )
        seen = MonthRange(chosen.train.first, chosen.months.last)
        rows = PanelRows(lake, feature_set(profile), spec.spine, tuple(seen))
        require_fit_panel(rows, may_be_stale=True)
        digest = training_digest(rows, profile.model, chosen.months.first)
        return cls(lake, digest, rows, chosen, profile)

    def settings(self, parameters: ModelConfig, workers: int | None) -> EstimatorSettings:
        """Return the estimator's settings for a trial; without quantiles, as RMSE ranks trials."""
        names, clip = tuple(self.rows.features.names), self.profile.target_clip
        return EstimatorSettings(names, parameters.without_intervals(), clip, workers)

    def trials(self) -> list[Trial]:
        """Read the study's finished trials from gold.tunings, ordered by number."""
        return [self.trial(row) for row in trials.trials(self.lake, self.digest)]

    def trial(self, row: TuningRow) -> Trial:
        """Convert a row of gold.tunings into a trial."""
        return Trial(row.trial, row.section(self.profile.model), row.rmse, row.seconds)

    def keep(self, trial: Trial) -> None:
        """Append a finished trial to gold.tunings."""
        months, tried = self.validation.months, trial.parameters
        row = TuningRow(
            study=self.digest,
            trial=trial.number,
            spine=self.rows.spine,
            validated_from=months.first,
            validated_through=months.last,
            rounds=tried.rounds,
            max_depth=tried.max_depth,
            learning_rate=tried.learning_rate,
            min_child_weight=tried.min_child_weight,
            subsample=tried.subsample,
            colsample_bytree=tried.colsample_bytree,
            rmse=trial.rmse,
            seconds=trial.seconds,
            finished_at=datetime.now(UTC),
        )
        trials.keep(self.lake, row)
