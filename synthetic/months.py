"""Months of a sample: their days, how busy each day is, and the place of the month in the year."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from synthetic.scale import Scale

SEASONS = (1.12, 0.96, 0.98, 0.88, 0.86, 0.84, 0.86, 0.90, 0.94, 0.97, 1.12, 1.75)
"""Demand by month of the year, January first."""
WEEKDAYS = (0.80, 0.84, 0.85, 0.88, 1.10, 1.40, 1.20)
"""Demand by day of the week, Monday first."""


@dataclass(frozen=True)
class Month:
    """One month of a sample.

    Args:
        number: months since the first month of the sample.
        first: its first day.
    """

    number: int
    first: date

    @property
    def length(self) -> int:
        """Days in the month."""
        return monthrange(self.first.year, self.first.month)[1]

    @property
    def season(self) -> float:
        """Demand relative to the year's mean."""
        return SEASONS[self.first.month - 1]

    @property
    def busy_days(self) -> float:
        """How many equally busy days would make purchases meet on one day as often as these do."""
        return float(1.0 / np.square(np.diff(self.elapsed(), prepend=0.0)).sum())

    def elapsed(self) -> NDArray[np.float64]:
        """Return the share of the month's demand met by the end of each day, ending with 1."""
        days = np.arange(self.length)
        busyness = np.array(WEEKDAYS)[(self.first.weekday() + days) % 7]
        if self.first.month == 12:
            busyness = busyness * (1.0 + days / self.length)
        share: NDArray[np.float64] = busyness.cumsum() / busyness.sum()
        return share

    def dates(self) -> list[str]:
        """Return the days of the month as ``dd.MM.yyyy``."""
        return [f"{day:02d}.{self.first:%m.%Y}" for day in range(1, self.length + 1)]


def months_of(scale: Scale) -> list[Month]:
    """Return the months of a sample in order."""
    origin = scale.start.year * 12 + scale.start.month - 1
    return [
        Month(number, date((origin + number) // 12, (origin + number) % 12 + 1, 1))
        for number in range(scale.months)
    ]
