"""Calendar months as dates and as whole numbers, and ranges of months."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def month_number(month: date) -> int:
    """Return the number of months from January 1970 to a month."""
    return (month.year - 1970) * 12 + month.month - 1


def month_date(number: int) -> date:
    """Return the first day of the month with a number counted from January 1970."""
    return date(1970 + number // 12, number % 12 + 1, 1)


def plus_months(month: date, count: int) -> date:
    """Add a number of months to a month; a negative count gives an earlier month."""
    return month_date(month_number(month) + count)


def month_numbers(dates: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Return for each date (not null) the number of months since January 1970."""
    days = dates.cast(pa.int32()).to_numpy().astype("datetime64[D]")
    numbers: npt.NDArray[np.int64] = days.astype("datetime64[M]").astype(np.int64)
    return numbers


@dataclass(frozen=True)
class MonthRange:
    """The months from a first to a last month, both included.

    Attributes:
        first: first day of the first month.
        last: first day of the last month.

    Raises:
        ValueError: the last month comes before the first, or a date is not the first of a month.
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.first.day != 1 or self.last.day != 1:
            raise ValueError(f"{self.first}..{self.last}: a month is given as its first day")
        if self.last < self.first:
            raise ValueError(f"{self.first}..{self.last}: the last month comes before the first")

    @property
    def start(self) -> int:
        """The first month as a number, counted from January 1970."""
        return month_number(self.first)

    def __len__(self) -> int:
        return month_number(self.last) - self.start + 1

    def __iter__(self) -> Iterator[date]:
        return (month_date(self.start + i) for i in range(len(self)))

    def __contains__(self, month: object) -> bool:
        return isinstance(month, date) and self.first <= month <= self.last
