"""Population stability index, and the threshold that chance alone would exceed once in so often."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import chi2

# Chance of a false alarm in a whole check, whatever the number of columns.
CHANCE = 0.01
# Smaller shifts say nothing about forecasts, however many rows show them.
LEAST = 0.05
# Added to each count, so that an empty bin has a finite weight.
SMOOTHING = 0.5


def stability_index(before: Sequence[int], now: Sequence[int]) -> float:
    """Return the sum over bins of (q - p) ln(q / p): 0 for equal shares.

    Args:
        before: rows of each bin, before.
        now: rows of each bin, now.
    """
    p, q = (shares(counts) for counts in (before, now))
    return float(np.sum((q - p) * np.log(q / p)))


def shares(counts: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the share of each bin."""
    smoothed = np.asarray(counts, dtype=np.float64) + SMOOTHING
    shared: np.ndarray[tuple[int], np.dtype[np.float64]] = smoothed / smoothed.sum()
    return shared


def threshold(before: Sequence[int], now: Sequence[int], columns: int) -> float:
    """Return the index above which a column has drifted.

    If both months are drawn from the same shares, the index is about (1/n + 1/m) times a chi-square
    variable with a degree of freedom less than bins. The chance is divided among the columns.

    Args:
        before: rows of each bin, before.
        now: rows of each bin, now.
        columns: columns of the check.
    """
    n, m = max(sum(before), 1), max(sum(now), 1)
    freedom = max(len(before) - 1, 1)
    by_chance = (1 / n + 1 / m) * float(chi2.isf(CHANCE / columns, freedom))
    return max(LEAST, by_chance)
