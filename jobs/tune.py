"""The panel → better parameters, found on months before those that a backtest reports.

    python -m jobs.tune --lake URI [--trials N] [--minutes M] [--validation-months N] [--folds N]
        [--spine assortment|grid] [--workers N]

Reads the gold panel. Writes gold tunings, a row per trial, and an MLflow run. Run again, or after
an interruption, it goes on from the trials that are kept. jobs.train and jobs.backtest use
the best.
"""

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from features.feature_set import feature_set
from jobs import tunings
from jobs.command import Context, Job, add_lake_argument, lake_of, main, progress
from jobs.lineage import training_digest
from jobs.modelling.estimator import Settings
from jobs.modelling.search import Search, Trial, best
from jobs.modelling.tracking import Tracking
from jobs.modelling.tuning import Validation, tried, validation
from jobs.panel_checks import require_fit_panel
from jobs.panel_rows import PanelRows, add_training_arguments, closed_months
from jobs.tunings import PARAMETERS
from lakehouse.errors import UsageError
from lakehouse.lake import Lake
from lakehouse.model_section import Model
from lakehouse.month_range import MonthRange
from lakehouse.stored_profile import stored_profile

TRIALS, VALIDATION_MONTHS, FOLDS = 20, 3, 6
SECONDS_PER_MINUTE = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    add_training_arguments(parser)
    parser.add_argument(
        "--trials",
        type=int,
        metavar="N",
        help=f"trials in all, those kept counted (default: {TRIALS}, without --minutes)",
    )
    parser.add_argument(
        "--minutes", type=float, metavar="M", help="no trial is begun after so many minutes"
    )
    parser.add_argument(
        "--validation-months",
        type=int,
        default=VALIDATION_MONTHS,
        metavar="N",
        help=f"months that decide (default: {VALIDATION_MONTHS})",
    )
    parser.add_argument(
        "--folds",
        type=int,
        default=FOLDS,
        metavar="N",
        help=f"last months that a backtest reports and tuning must not see (default: {FOLDS})",
    )


@dataclass(frozen=True)
class Study:
    """One search: what is learned from, what decides, and where its trials are kept."""

    lake: Lake
    digest: str
    rows: PanelRows
    validation: Validation
    given: Model

    @classmethod
    def of(cls, lake: Lake, arguments: argparse.Namespace) -> "Study":
        """Read a command line."""
        profile = stored_profile(lake)
        features = feature_set(profile)
        chosen = validation(
            closed_months(lake),
            profile.model.first_training_month,
            arguments.folds,
            arguments.validation_months,
        )
        seen = MonthRange(chosen.train.first, chosen.months.last)
        rows = PanelRows(lake, features, arguments.spine, tuple(seen))
        require_fit_panel(rows, may_be_stale=True)
        digest = training_digest(lake, features, arguments.spine, seen, chosen.months.first)
        return cls(lake, digest, rows, chosen, profile.model)

    def settings(self, parameters: Model, workers: int | None) -> Settings:
        """Return what an estimator tries parameters with; quantiles decide nothing."""
        names, clip = tuple(self.rows.features.names), stored_profile(self.lake).target_clip
        return Settings(names, parameters.without_intervals(), clip, workers)

    def trials(self) -> list[Trial]:
        """Return the trials that are kept, in their order."""
        return [self.trial(row) for row in tunings.trials(self.lake, self.digest)]

    def trial(self, row: Mapping[str, Any]) -> Trial:
        """Read a kept trial."""
        values = {name: row[name] for name in PARAMETERS}
        parameters = Model.model_validate({**self.given.model_dump(), **values})
        return Trial(row["trial"], parameters, row["rmse"], row["seconds"])

    def keep(self, trial: Trial) -> None:
        """Keep a trial that is finished."""
        tunings.keep(
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


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Make trials until the budget is spent."""
    budget = Budget.of(arguments)
    study = Study.of(lake_of(context, arguments), arguments)
    made = study.trials()
    known = len(made)
    say_what_decides(study, known)
    search = Search(study.given, made)
    while budget.allows(len(made)):
        handle, parameters = search.ask()
        settings = study.settings(parameters, arguments.workers)
        trial = tried(context.spark, study.rows, study.validation, len(made), settings)
        search.tell(handle, trial.rmse)
        study.keep(trial)
        made.append(trial)
        progress("%s", line(trial))
    if len(made) > known:
        track(context, study, made)
    return figures(study, made, known)


@dataclass(frozen=True)
class Budget:
    """How many trials there may be in all, and until when one may begin; None: no limit."""

    trials: int | None
    until: float | None

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> "Budget":
        """Read a command line.

        Raises:
            UsageError: it allows nothing.
        """
        count, minutes = arguments.trials, arguments.minutes
        if (count is not None and count < 1) or (minutes is not None and minutes <= 0):
            raise UsageError(f"--trials {count} --minutes {minutes}: give a budget above 0.")
        if count is None and minutes is None:
            count = TRIALS
        until = None if minutes is None else time.monotonic() + minutes * SECONDS_PER_MINUTE
        return cls(count, until)

    def allows(self, made: int) -> bool:
        """Say whether one more trial may begin."""
        is_time = self.until is None or time.monotonic() < self.until
        return is_time and (self.trials is None or made < self.trials)


def say_what_decides(study: Study, known: int) -> None:
    """Tell which months a study looks at, and what is kept of it."""
    train, months = study.validation.train, study.validation.months
    progress(
        "tune: learning from %s to %s, %s to %s decide; %d trials are kept",
        *(f"{m:%Y-%m}" for m in (train.first, train.last, months.first, months.last)),
        known,
    )


def line(trial: Trial) -> str:
    """Write what a trial came to."""
    values = ", ".join(f"{name} {getattr(trial.parameters, name):.4g}" for name in PARAMETERS)
    return f"trial {trial.number}: RMSE {trial.rmse:.5f} ({trial.seconds:.0f} s): {values}"


def track(context: Context, study: Study, made: list[Trial]) -> None:
    """Keep what was found in MLflow."""
    tracking = Tracking(context, study.lake)
    winner = best(made) or made[0]
    with tracking.run("tune", winner.parameters.model_dump(), study.digest):
        tracking.log({"validation_rmse": winner.rmse, "trials": len(made)})
        tracking.log_text("\n".join(map(line, made)) + "\n", "trials.txt")


def figures(study: Study, made: list[Trial], known: int) -> dict[str, Any]:
    """Return the figures of the result line."""
    winner = best(made)
    found = (
        {}
        if winner is None
        else {
            "best_trial": winner.number,
            "rmse": round(winner.rmse, 5),
            "profile_rmse": round(made[0].rmse, 5),
            "parameters": {name: getattr(winner.parameters, name) for name in PARAMETERS},
        }
    )
    return {
        "trials": len(made),
        "new_trials": len(made) - known,
        "validated_from": study.validation.months.first,
        "validated_through": study.validation.months.last,
        **found,
    }


JOB = Job("tune", "Search for better parameters of the boosted trees.", add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
