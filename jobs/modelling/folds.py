"""Folds of a rolling-origin backtest: train on the months up to a cutoff, score the next."""

from dataclasses import dataclass
from datetime import date

from lakehouse.errors import RefusedError, UsageError
from lakehouse.month_range import MonthRange, plus_months


@dataclass(frozen=True)
class Fold:
    """One cutoff of a backtest, horizon 1.

    Attributes:
        train: target months that the model learns from; the last one is the cutoff.
        month: target month that is scored.
    """

    train: MonthRange
    month: date

    @property
    def cutoff(self) -> date:
        """The last month whose sales are visible."""
        return self.train.last


def rolling_folds(closed: MonthRange, first_training_month: int, count: int) -> list[Fold]:
    """Cut the last folds, oldest first.

    Args:
        closed: the closed months.
        first_training_month: index of the first month that a model learns from: before it, the
            lags reach into months that nobody knows.
        count: folds wanted, at least 1.

    Raises:
        UsageError: less than one fold is wanted.
        RefusedError: the history is too short for one fold.
    """
    if count < 1:
        raise UsageError(f"--folds {count}: a backtest scores at least 1 month; ask for 1 or more.")
    months = list(closed)[first_training_month:]
    scored = months[1:][-count:]
    if not scored:
        raise RefusedError(
            f"{len(closed)} closed months are too few for a backtest: it needs "
            f"{first_training_month + 2}; ingest more history or lower "
            "first_training_month in the profile."
        )
    return [Fold(MonthRange(months[0], plus_months(month, -1)), month) for month in scored]
