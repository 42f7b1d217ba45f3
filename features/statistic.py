"""Statistics of a measure over the months before a target month, as kernels over arrays.

A kernel computes one float64 per series from the histories of many series at once,
``values[month, series]`` of int64, consecutive months. The target month is an index into the
months and may be the month after the last. A kernel cannot read the target month or a later
month, because ``Past``, the kernel's argument, refuses both with a ValueError.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.start import Real, Start, Whole

# Index of the month of an event that never happened; lower than every real index.
NEVER = -(1 << 32)
# Replaces a null number of months since an event that never happened.
LONG_AGO = 1000.0


class History:
    """The history of one measure for many series.

    Args:
        values: ``[month, series]`` int64, in integer form; 0 for a month without sales.
        opening: ``[series]`` int64, the last month before the first row of ``values`` in which
            the measure is not 0, as a negative index, or ``NEVER``; None: no earlier month counts.
    """

    def __init__(self, values: Whole, opening: Whole | None = None) -> None:
        self.values = values
        self.opening = opening

    @cached_property
    def totals(self) -> Whole:
        """Running totals, ``[month + 1, series]``: the sum of the months before each month."""
        totals = np.zeros((len(self.values) + 1, self.values.shape[1]), np.int64)
        np.cumsum(self.values, axis=0, out=totals[1:])
        return totals

    @cached_property
    def latest(self) -> Whole:
        """``[month + 1, series]``: last month before each month that is not 0, or ``NEVER``."""
        months = np.arange(len(self.values))[:, np.newaxis]
        latest = np.full((len(self.values) + 1, self.values.shape[1]), NEVER, np.int64)
        if self.opening is not None:
            latest[0] = self.opening
        np.copyto(latest[1:], months, where=self.values != 0)
        np.maximum.accumulate(latest, axis=0, out=latest)
        return latest


class Past:
    """The months of one measure before a target month: all that a kernel can read.

    Args:
        history: the measure's history.
        start: first sale of each series.
        target: index of the target month, at most the number of months in the history.
        where: history of the measure that must not be 0 in the month that ``latest`` reads;
            None: ``history``.

    Raises:
        ValueError: a kernel asks for the target month or a later month.
    """

    def __init__(
        self, history: History, start: Start, target: int, where: History | None = None
    ) -> None:
        self._history, self._start, self._target = history, start, target
        self._where = where or history

    def month(self, back: int) -> Real:
        """Return the value ``back`` months before the target month; NaN before the history."""
        refuse_target_month(back)
        if back > self._target:
            return np.full(self._start.month.shape, np.nan)
        values: Real = self._history.values[self._target - back].astype(np.float64)
        return values

    def sum(self, lookback: int) -> Whole:
        """Sum the last ``lookback`` months, or fewer where the history is shorter."""
        refuse_target_month(lookback)
        start = max(0, self._target - lookback)
        totals = self._history.totals
        total: Whole = totals[self._target] - totals[start]
        return total

    def weighted(self, lookback: int) -> Real:
        """Average the last ``lookback`` months since the first sale; a month weighs half the next.

        Weights are whole numbers and the sum is divided once, so that rounding happens only once.
        """
        refuse_target_month(lookback)
        total = np.zeros(self._start.month.shape, np.int64)
        for back in range(1, min(lookback, self._target) + 1):
            total += self._history.values[self._target - back] << (lookback - back)
        months = np.clip(self.age(), 1, lookback)
        mean: Real = total / ((1 << lookback) - (1 << (lookback - months)))
        return mean

    def latest(self, lookback: int) -> Real:
        """Return the value of the last month, within ``lookback``, in which ``where`` is not 0.

        Returns:
            ``[series]`` float64; NaN if ``where`` is 0 in all these months.
        """
        refuse_target_month(lookback)
        values = np.full(self._start.month.shape, np.nan)
        for back in range(min(lookback, self._target), 0, -1):
            month = self._target - back
            np.copyto(values, self._history.values[month], where=self._where.values[month] != 0)
        return values

    def age(self) -> Whole:
        """Count the months from the first sale's month to the target month, at least 1 if sold."""
        return self._target - self._start.month

    def exact_age(self) -> Real:
        """Return the months from the first sale to the target month, to the day."""
        return self._start.months_to(self._target)

    def months_since(self) -> Real:
        """Count the months from the last month that is not 0 to the target month; NaN if none."""
        latest = self._history.latest[self._target]
        return np.where(latest == NEVER, np.nan, self._target - latest)


def refuse_target_month(back: int) -> None:
    """Check that a number of months back leads to a month before the target month.

    Raises:
        ValueError: ``back`` is below 1.
    """
    if back < 1:
        raise ValueError(f"{back} months back is the target month or later; at least 1")


@dataclass(frozen=True)
class Statistic:
    """A named kernel.

    Args:
        name: the statistic's part of a feature's column name.
        kernel: (past, lookback) → ``[series]``; in the measure's integer form if bounded, else
            in months.
        meaning: the statistic's part of the column's comment.
        is_bounded: whether the kernel reads at most ``lookback`` months. If not, the result counts
            months, and an opening value summarises all earlier history.
        filling: number that replaces nulls for a model that cannot read nulls: 0 (``LONG_AGO``
            for months since), because a key without history, or a month before the lake's first,
            sold nothing.
        version: declared version of the kernel's code; see features/version.py.
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
