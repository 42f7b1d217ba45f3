"""Rows of several pairs among the columns of a version."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from serving.lookup.texts import Number


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
