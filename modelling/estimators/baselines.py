"""Baselines: naive forecasts, as SQL over the panel, that a model must beat on the same rows."""

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
        name: column name of the baseline in results.
        lags: target lags, months; the forecast is the mean of the lags. Lag 1 is the cutoff month;
            no lags: the forecast is 0.
        months: months from the earliest month that the baseline reads to the target month.
    """

    name: str
    lags: tuple[int, ...]
    months: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The panel columns that the baseline reads."""
        return tuple(f"{LAGS}{lag}" for lag in self.lags)

    @property
    def sql(self) -> str:
        """The forecast as SQL over panel columns, units; a null lag counts as 0."""
        lags = [f"coalesce({column}, 0)" for column in self.columns]
        return f"({' + '.join(lags)}) / {len(lags)}" if lags else "0"

    def is_defined(self, month: date, history: MonthRange) -> bool:
        """Check whether the lake's history includes every month that the baseline reads."""
        return plus_months(month, -self.months) >= history.first


def baselines(horizon: int) -> tuple[Baseline, ...]:
    """Declare the baselines of a horizon; all of them read only months up to the cutoff."""
    return (
        Baseline("last_month", (1,), horizon),
        Baseline("mean_of_3", (1, 2, 3), horizon + 2),
        Baseline("same_month_last_year", (YEAR + 1 - horizon,), YEAR),
        Baseline("zero", (), 0),
    )


BASELINES = baselines(1)


def defined_baselines(
    months: list[date],
    history: MonthRange,
    horizon: int = 1,
    columns: Collection[str] | None = None,
) -> list[Baseline]:
    """List the baselines that are defined for all given target months.

    A baseline whose months the lake lacks is left out: zeros in their place would make an opponent
    that is too easy to beat.

    Args:
        months: target months.
        history: the months whose sales the lake has.
        horizon: months from the cutoff to each target month.
        columns: columns of the panel; None: the panel has all columns that baselines read.
    """
    return [
        baseline
        for baseline in baselines(horizon)
        if (columns is None or set(baseline.columns) <= set(columns))
        and all(baseline.is_defined(month, history) for month in months)
    ]
