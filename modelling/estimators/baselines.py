"""Naive forecasts, as SQL over the panel: what a model has to beat on the same rows."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from lakehouse.month_range import MonthRange, plus_months

LAGS = "shop_item_target_lag_"
YEAR = 12


@dataclass(frozen=True)
class Baseline:
    """A naive forecast.

    Args:
        name: what it is called in results.
        lags: it is the mean of the target that many months before; 1 is the last month known.
        months: how many months before the target month the first of them is.
    """

    name: str
    lags: tuple[int, ...]
    months: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The panel columns that it reads."""
        return tuple(f"{LAGS}{lag}" for lag in self.lags)

    @property
    def sql(self) -> str:
        """The forecast over panel columns; a pair that is not known counts as zero."""
        known = [f"coalesce({column}, 0)" for column in self.columns]
        return f"({' + '.join(known)}) / {len(known)}" if known else "0"

    def is_defined(self, month: date, history: MonthRange) -> bool:
        """Say whether the lake knows the months that it reads."""
        return plus_months(month, -self.months) >= history.first


def baselines(horizon: int) -> tuple[Baseline, ...]:
    """Declare the naive forecasts at a horizon: of months that are known at the cutoff."""
    return (
        Baseline("last_month", (1,), horizon),
        Baseline("mean_of_3", (1, 2, 3), horizon + 2),
        Baseline("same_month_last_year", (YEAR + 1 - horizon,), YEAR),
        Baseline("zero", (), 0),
    )


BASELINES = baselines(1)


def defined(
    months: list[date],
    history: MonthRange,
    horizon: int = 1,
    columns: Collection[str] | None = None,
) -> list[Baseline]:
    """List the baselines that are defined for every one of some months.

    One that is not is left out: filling it with zeros would invent a weak opponent.

    Args:
        months: target months.
        history: the months that the lake knows.
        horizon: months from the cutoff to each target month.
        columns: of the panel; None: it has all that baselines read.
    """
    return [
        baseline
        for baseline in baselines(horizon)
        if (columns is None or set(baseline.columns) <= set(columns))
        and all(baseline.is_defined(month, history) for month in months)
    ]
