"""Dates of first sales of many series, exact to the day."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
# A month in thousandths, the unit in which the day of a first sale is stored.
THOUSAND = 1000


@dataclass(frozen=True)
class Start:
    """The date of the first sale of each series.

    Attributes:
        month: ``[series]`` int64, index of the first sale's month.
        share: ``[series]`` int64, thousandths of that month that remained at the first sale,
            the day of the sale included: 1 to 1000; 0 without a sale.
    """

    month: Whole
    share: Whole

    @classmethod
    def never(cls, count: int, month: int) -> "Start":
        """Return the starts of series without a sale.

        Args:
            count: number of series.
            month: index that stands for the missing first sale; no target month is later.
        """
        return cls(np.full(count, month, np.int64), np.zeros(count, np.int64))

    @classmethod
    def of_ages(cls, months: Real) -> "Start":
        """Compute the starts of series from exact ages.

        Args:
            months: ``[series]`` months from the first sale to the beginning of the month with
                index 0, to the day.
        """
        whole = np.ceil(months)
        share = np.rint((months - whole + 1) * THOUSAND)
        return cls(-whole.astype(np.int64), share.astype(np.int64))

    def months_to(self, target: int) -> Real:
        """Return the months from the first sale to the beginning of a target month, to the day.

        Args:
            target: index of the target month.
        """
        months: Real = (target - self.month - 1) + self.share / THOUSAND
        return months
