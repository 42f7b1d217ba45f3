"""Statistics of a measure over the months before a target month, as kernels over arrays.

A kernel takes the history of many series at once, ``values[month, series]`` of int64, month by
month from the lake's first, and a target month as an index into it (which may be the month after
the last). It returns float64 per series. It can read rows before the target month alone: ``Past``
hands out no others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]


# Stands for a month that never was, before every index.
NEVER = -(1 << 32)
# Months ago, of what never was.
LONG_AGO = 1000.0
# A month, in the parts that a first sale's day is kept in.
THOUSAND = 1000


class History:
    """One measure of many series.

    Args:
        values: ``[month, series]`` int64; a month without sales is 0.
        opening: ``[series]`` int64, the last month before these that is not 0, as a negative
            index, or ``NEVER``; None: there are no months before these.
    """

    def __init__(self, values: Whole, opening: Whole | None = None) -> None:
        self.values = values
        self.opening = opening

    @cached_property
    def totals(self) -> Whole:
        """``[month + 1, series]``: the sum of the months before each."""
        totals = np.zeros((len(self.values) + 1, self.values.shape[1]), np.int64)
        np.cumsum(self.values, axis=0, out=totals[1:])
        return totals

    @cached_property
    def latest(self) -> Whole:
        """``[month + 1, series]``: the last month before each that is not 0, or ``NEVER``."""
        months = np.arange(len(self.values))[:, np.newaxis]
        latest = np.full((len(self.values) + 1, self.values.shape[1]), NEVER, np.int64)
        if self.opening is not None:
            latest[0] = self.opening
        np.copyto(latest[1:], months, where=self.values != 0)
        np.maximum.accumulate(latest, axis=0, out=latest)
        return latest


@dataclass(frozen=True)
class Start:
    """When the first sale of each series was.

    Attributes:
        month: ``[series]`` int64, index of its month.
        share: ``[series]`` int64, thousandths of that month from the sale's day on, 1 to 1000.
    """

    month: Whole
    share: Whole

    @classmethod
    def never(cls, count: int, month: int) -> "Start":
        """Return the starts of series without a sale: at a month that no target is after."""
        return cls(np.full(count, month, np.int64), np.zeros(count, np.int64))

    @classmethod
    def of_ages(cls, months: Real) -> "Start":
        """Return the starts of series that are so many months old at index 0, to the day."""
        whole = np.ceil(months)
        share = np.rint((months - whole + 1) * THOUSAND)
        return cls(-whole.astype(np.int64), share.astype(np.int64))

    def months_to(self, target: int) -> Real:
        """Return the months from the first sale to the beginning of a target month, to the day."""
        months: Real = (target - self.month - 1) + self.share / THOUSAND
        return months


class Past:
    """The months of one measure before a target month.

    Args:
        history: the measure.
        start: when the first sale of each series was.
        target: index of the target month, at most the number of months in the history.
        where: the measure that decides which month is the last one; None: the same.

    Raises:
        ValueError: a kernel asks for the target month or a later one.
    """

    def __init__(
        self, history: History, start: Start, target: int, where: History | None = None
    ) -> None:
        self._history, self._start, self._target = history, start, target
        self._where = where or history

    def month(self, back: int) -> Real:
        """Return the value some months back; NaN before the lake's first month."""
        refuse_target_month(back)
        if back > self._target:
            return np.full(self._start.month.shape, np.nan)
        values: Real = self._history.values[self._target - back].astype(np.float64)
        return values

    def sum(self, lookback: int) -> Whole:
        """Sum the last months, as far as they are known."""
        refuse_target_month(lookback)
        start = max(0, self._target - lookback)
        totals = self._history.totals
        total: Whole = totals[self._target] - totals[start]
        return total

    def weighted(self, lookback: int) -> Real:
        """Average the last months since the first sale, each weighing half of the next.

        Weights are whole numbers until the one division.
        """
        refuse_target_month(lookback)
        total = np.zeros(self._start.month.shape, np.int64)
        for back in range(1, min(lookback, self._target) + 1):
            total += self._history.values[self._target - back] << (lookback - back)
        known = np.clip(self.age(), 1, lookback)
        mean: Real = total / ((1 << lookback) - (1 << (lookback - known)))
        return mean

    def latest(self, lookback: int) -> Real:
        """Return the value of the last of some months that has one; NaN where none has."""
        refuse_target_month(lookback)
        found = np.full(self._start.month.shape, np.nan)
        for back in range(min(lookback, self._target), 0, -1):
            month = self._target - back
            np.copyto(found, self._history.values[month], where=self._where.values[month] != 0)
        return found

    def age(self) -> Whole:
        """Count the months that had a chance to sell; at least 1 for known keys."""
        return self._target - self._start.month

    def exact_age(self) -> Real:
        """Return the months from the first sale to the target month, to the day."""
        return self._start.months_to(self._target)

    def months_since(self) -> Real:
        """Count the months from the last one that is not 0 to the target month."""
        latest = self._history.latest[self._target]
        return np.where(latest == NEVER, np.nan, self._target - latest)


def refuse_target_month(back: int) -> None:
    """Raise ValueError where months back from the target month are not before it."""
    if back < 1:
        raise ValueError(f"{back} months back is the target month or later; at least 1")


@dataclass(frozen=True)
class Statistic:
    """A named kernel.

    Args:
        name: its part of a feature's column name.
        kernel: (past, lookback) → one number per series, in the measure's integer form.
        meaning: its part of the column's comment.
        is_bounded: it reads no more months than its lookback, and its result is in the measure's
            unit; else it counts months, and an opening value stands for all history before.
        filling: what a null of it stands for to a model that wants numbers: of a key that never
            sold, nothing sold; of months before the lake's first the same.
        version: declared; see features/version.py.
    """

    name: str
    kernel: Callable[[Past, int], Real]
    meaning: str
    is_bounded: bool
    filling: float = 0.0
    version: int = 1


def _lag(past: Past, lookback: int) -> Real:
    return past.month(lookback)


def _mean(past: Past, lookback: int) -> Real:
    months = np.minimum(lookback, past.age())
    mean: Real = past.sum(lookback) / np.maximum(months, 1)
    return mean


def _ewm(past: Past, lookback: int) -> Real:
    return past.weighted(lookback)


def _months_since(past: Past, _: int) -> Real:
    return past.months_since()


def _sum(past: Past, lookback: int) -> Real:
    return past.sum(lookback).astype(np.float64)


def _latest(past: Past, lookback: int) -> Real:
    return past.latest(lookback)


def _age(past: Past, _: int) -> Real:
    return past.exact_age()


LAG = Statistic("lag", _lag, "value that many months before", True)
MEAN = Statistic(
    "mean", _mean, "mean over the months before, or over the key's age if the key is younger", True
)
EWM = Statistic(
    "ewm", _ewm, "mean over the months before, each weighing half of the one after it", True
)
SUM = Statistic("sum", _sum, "sum over the months before", True)
LATEST = Statistic("latest", _latest, "last value before that is not 0", True)
MONTHS_SINCE = Statistic(
    "since", _months_since, "months since the last that is not 0", False, LONG_AGO
)
AGE = Statistic("age", _age, "months since the key's first sale, to the day", False)
