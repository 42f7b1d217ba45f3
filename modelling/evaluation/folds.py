"""Folds of a rolling-origin backtest: train on the months up to a cutoff, score a later month."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date

from lakehouse.errors import RefusedError, UsageError
from lakehouse.month_range import MonthRange, plus_months


@dataclass(frozen=True)
class Fold:
    """One cutoff of a backtest.

    Attributes:
        train: target months that the model learns from; the last month is the cutoff.
        month: target month that is scored.
        horizon: months from the cutoff to the scored month.
    """

    train: MonthRange
    month: date
    horizon: int = 1

    @property
    def cutoff(self) -> date:
        """The last month whose sales are visible."""
        return self.train.last


def rolling_folds(
    closed: MonthRange,
    first_training_month: int,
    count: int,
    horizon: int = 1,
    empty: Container[date] = (),
) -> list[Fold]:
    """Make the folds of the last months, oldest first.

    A fold learns from target months up to the cutoff, whose actuals are known at the cutoff. The
    features of every training month read sales up to ``horizon`` months earlier, as the features
    of the scored month do.

    Args:
        closed: the closed months.
        first_training_month: index in ``closed`` of the first month whose features a model learns
            from; the lags of earlier months reach back before the first month of sales.
        count: number of folds asked for, at least 1.
        horizon: months from the cutoff to the scored month.
        empty: target months without panel rows; no fold scores such a month, and every fold learns
            from at least one other month.

    Returns:
        At most ``count`` folds; fewer if the history is short.

    Raises:
        UsageError: ``count`` is below 1.
        RefusedError: the history is too short for one fold; ingest more history or lower
            first_training_month in the profile.
    """
    if count < 1:
        raise UsageError(f"--folds {count}: a backtest scores at least 1 month; ask for 1 or more.")
    months = list(closed)[first_target(first_training_month, horizon) :]
    learned = next((place for place, month in enumerate(months) if month not in empty), len(months))
    scored = [month for month in months[learned + horizon :] if month not in empty][-count:]
    if not scored:
        needed = first_target(first_training_month, horizon) + horizon + 1
        raise RefusedError(
            f"{len(closed)} closed months are too few for a backtest at horizon {horizon}: it "
            f"needs {needed} with panel rows; ingest more history or lower first_training_month in "
            "the profile."
        )
    return [
        Fold(MonthRange(months[0], plus_months(month, -horizon)), month, horizon)
        for month in scored
    ]


def first_target(first_training_month: int, horizon: int) -> int:
    """Return the index of the first target month that a model of a horizon learns from.

    The features of a target month at horizon h read as far back as the features of the month
    h - 1 months earlier at horizon 1; that earlier month must be the first training month or later.
    """
    return first_training_month + horizon - 1
