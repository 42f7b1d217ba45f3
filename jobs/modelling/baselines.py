"""Naive forecasts, as SQL over the panel: what a model has to beat on the same rows."""

from dataclasses import dataclass
from datetime import date

from lakehouse.month_range import MonthRange, plus_months

LAGS = "shop_item_target_lag_"


@dataclass(frozen=True)
class Baseline:
    """A naive forecast.

    Args:
        name: what it is called in results.
        sql: over panel columns; a pair that never sold counts as zero.
        months: how many months before the target month it reads.
    """

    name: str
    sql: str
    months: int

    def is_defined(self, month: date, history: MonthRange) -> bool:
        """Say whether the lake knows the months that it reads."""
        return plus_months(month, -self.months) >= history.first


def lag(months: int) -> str:
    """Write the target that many months before, zero where the pair is not known."""
    return f"coalesce({LAGS}{months}, 0)"


BASELINES = (
    Baseline("last_month", lag(1), 1),
    Baseline("mean_of_3", f"({lag(1)} + {lag(2)} + {lag(3)}) / 3", 3),
    Baseline("same_month_last_year", lag(12), 12),
    Baseline("zero", "0", 0),
)


def defined(months: list[date], history: MonthRange) -> list[Baseline]:
    """List the baselines that are defined for every one of some months.

    One that is not is left out: filling it with zeros would invent a weak opponent.
    """
    return [b for b in BASELINES if all(b.is_defined(month, history) for month in months)]
