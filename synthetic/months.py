"""Months of a sample: days, demand by day, and seasonal factor."""

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
        first: first day of the month.
    """

    number: int
    first: date

    @property
    def length(self) -> int:
        """Number of days in the month."""
        return monthrange(self.first.year, self.first.month)[1]

    @property
    def season(self) -> float:
        """The month's demand relative to an average month of the year."""
        return SEASONS[self.first.month - 1]

    @property
    def busy_days(self) -> float:
        """The effective number of days: 1 / sum of squared daily demand shares.

        On this many equally busy days, two purchases fall on one day as often as in the month.
        """
        return float(1.0 / np.square(np.diff(self.elapsed(), prepend=0.0)).sum())

    def elapsed(self) -> NDArray[np.float64]:
        """Return the cumulative share of the month's demand at the end of each day.

        Returns:
            float64 ``[days]``, increasing; the last value is 1.
        """
        days = np.arange(self.length)
        busyness = np.array(WEEKDAYS)[(self.first.weekday() + days) % 7]
        if self.first.month == 12:
            busyness = busyness * (1.0 + days / self.length)
        share: NDArray[np.float64] = busyness.cumsum() / busyness.sum()
        return share

    def dates(self) -> list[str]:
        """Return the dates of the month's days as ``dd.MM.yyyy``."""
        return [f"{day:02d}.{self.first:%m.%Y}" for day in range(1, self.length + 1)]


def months_of(scale: Scale) -> list[Month]:
    """Return the months of a sample in chronological order."""
    origin = scale.start.year * 12 + scale.start.month - 1
    return [
        Month(number, date((origin + number) // 12, (origin + number) % 12 + 1, 1))
        for number in range(scale.months)
    ]
