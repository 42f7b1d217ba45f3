"""Parameter tuning: gold panel → better parameters, on months before the backtest's months.

    python -m jobs.tune --lake URI [--trials N] [--minutes M] [--validation-months N] [--folds N]
        [--spine assortment|grid] [--workers N]

Reads the gold panel. Writes gold trials, a row per trial, and an MLflow run. A second run, or a run
after an interruption, continues from the stored trials. jobs.train and jobs.backtest use the best
trial's parameters.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from typing import Any

from cli.arguments import add_lake_argument, add_training_arguments, lake_of
from cli.command import Job, main
from lakehouse.context import Context
from lakehouse.errors import UsageError
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from modelling.registry.tracking import Tracking
from modelling.tuning.search import Search, Trial, best
from modelling.tuning.study import Study, TuningSpec
from modelling.tuning.trials import PARAMETERS
from modelling.tuning.tuning import run_trial

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
        help="number of trials, those of earlier runs included "
        f"(default: {TRIALS}; no limit with --minutes)",
    )
    parser.add_argument("--minutes", type=float, metavar="M", help="begin no trial after M minutes")
    parser.add_argument(
        "--validation-months",
        type=int,
        default=VALIDATION_MONTHS,
        metavar="N",
        help=f"number of months that trials are scored on (default: {VALIDATION_MONTHS})",
    )
    parser.add_argument(
        "--folds",
        type=int,
        default=FOLDS,
        metavar="N",
        help="number of last months that tuning must not see, because jobs.backtest scores them "
        f"(default: {FOLDS})",
    )


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run trials until the budget is spent; the trials already stored count."""
    budget = Budget.of(arguments)
    spec = TuningSpec(arguments.spine, arguments.folds, arguments.validation_months)
    lake = lake_of(context, arguments)
    study = Study.of(lake, stored_profile(lake), spec)
    trials = study.trials()
    stored = len(trials)
    log_months(study, stored)
    search = Search(study.profile.model, trials)
    while budget.allows(len(trials)):
        handle, parameters = search.ask()
        settings = study.settings(parameters, arguments.workers)
        trial = run_trial(context.spark, study.rows, study.validation, len(trials), settings)
        search.tell(handle, trial.rmse)
        study.keep(trial)
        trials.append(trial)
        progress("%s", line(trial))
    if len(trials) > stored:
        track(context, study, trials)
    return figures(study, trials, stored)


@dataclass(frozen=True)
class Budget:
    """A limit on the search.

    Attributes:
        trials: largest number of trials, stored trials included; None: no limit.
        until: time of ``time.monotonic``, seconds, after which no trial begins; None: no limit.
    """

    trials: int | None
    until: float | None

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> "Budget":
        """Turn the command line into a budget.

        Raises:
            UsageError: ``--trials`` or ``--minutes`` is not above 0.
        """
        count, minutes = arguments.trials, arguments.minutes
        if (count is not None and count < 1) or (minutes is not None and minutes <= 0):
            raise UsageError(f"--trials {count} --minutes {minutes}: give a budget above 0.")
        if count is None and minutes is None:
            count = TRIALS
        until = None if minutes is None else time.monotonic() + minutes * SECONDS_PER_MINUTE
        return cls(count, until)

    def allows(self, finished: int) -> bool:
        """Return whether one more trial may begin after ``finished`` trials."""
        is_time = self.until is None or time.monotonic() < self.until
        return is_time and (self.trials is None or finished < self.trials)


def log_months(study: Study, stored: int) -> None:
    """Log the months that a study learns from and validates on, and its number of stored trials."""
    train, months = study.validation.train, study.validation.months
    progress(
        "tune: learning from %s to %s, validating on %s to %s; %d trials are stored",
        *(f"{m:%Y-%m}" for m in (train.first, train.last, months.first, months.last)),
        stored,
    )


def line(trial: Trial) -> str:
    """Write a trial's result as one line of text."""
    values = ", ".join(f"{name} {getattr(trial.parameters, name):.4g}" for name in PARAMETERS)
    return f"trial {trial.number}: RMSE {trial.rmse:.5f} ({trial.seconds:.0f} s): {values}"


def track(context: Context, study: Study, trials: list[Trial]) -> None:
    """Log the best trial's parameters and error, and all trials, to MLflow."""
    tracking = Tracking(context, study.lake, study.profile)
    winner = best(trials) or trials[0]
    with tracking.run("tune", winner.parameters.model_dump(), study.digest):
        tracking.log({"validation_rmse": winner.rmse, "trials": len(trials)})
        tracking.log_text("\n".join(map(line, trials)) + "\n", "trials.txt")


def figures(study: Study, trials: list[Trial], stored: int) -> dict[str, object]:
    """Return the fields of the result line."""
    counts = {
        "trials": len(trials),
        "new_trials": len(trials) - stored,
        "validated_from": study.validation.months.first,
        "validated_through": study.validation.months.last,
    }
    winner = best(trials)
    if winner is None:
        return counts
    return {
        **counts,
        "best_trial": winner.number,
        "rmse": round(winner.rmse, 5),
        "profile_rmse": round(trials[0].rmse, 5),
        "parameters": {name: getattr(winner.parameters, name) for name in PARAMETERS},
    }


JOB = Job("tune", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
