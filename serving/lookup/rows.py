"""Rows of several pairs among the columns of a version."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from serving.lookup.texts import Number

# Possible pairs per pair from which on a search takes the place of an array of all possible pairs.
SPARSE = 4


@dataclass(frozen=True)
class Rows:
    """Rows of several pairs, in the order of the pairs.

    Attributes:
        firsts: ``[pair]`` int64: the pair's first row.
        counts: ``[pair]`` int64: rows of the pair, 0: the pair is unknown.
    """

    firsts: Number
    counts: Number

    @cached_property
    def numbers(self) -> Number:
        """``[row]`` int64: the rows of all pairs, one after the other."""
        return np.repeat(self.firsts - self.begins, self.counts) + np.arange(self.counts.sum())

    @property
    def begins(self) -> Number:
        """``[pair]`` int64: the place of the pair's first row in ``numbers``."""
        return np.cumsum(self.counts) - self.counts


def dense_starts(possible: int, pairs: Number, starts: Number) -> npt.NDArray[np.int32] | None:
    """Return the first row of every possible pair, which finds a pair without a search.

    Args:
        possible: number of shops · number of items.
        pairs: ``[pair]`` int64: numbers of the pairs that have forecasts, ascending.
        starts: ``[pair + 1]`` int64: the first row of each pair, and the number of rows.

    Returns:
        ``[possible + 2]`` int32: the first row of the pair with a number, and of the next one; the
        last two bound a pair that does not exist. None: most possible pairs have no forecast, so
        that the array would be large.
    """
    if possible > SPARSE * len(pairs) or starts[-1] > np.iinfo(np.int32).max:
        return None
    counts = np.zeros(possible + 2, np.int32)
    counts[pairs + 1] = np.diff(starts)
    return np.cumsum(counts, dtype=np.int32, out=counts)
