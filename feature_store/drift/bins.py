"""Bins of numbers that need no look at the data: one pass counts any column, and counts add up."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

# Bins to a doubling of the number: each of 1 to 11 has another bin.
STEPS = 8
# Exponents beyond 2^±60 fall into the outermost bins.
LARGEST = 60 * STEPS
NULL = 2 * LARGEST
Counts = Mapping[int, int]
DECILES = 10


def bins_of(values: pa.Array) -> npt.NDArray[np.int32]:
    """Return the bin of each number, ascending with the number; null and NaN have ``NULL``."""
    numbers = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.floor(STEPS * np.log2(np.abs(numbers)))
    sizes = np.clip(steps, -LARGEST + 1, LARGEST - 1) + LARGEST
    bins = np.where(numbers == 0, 0, np.sign(numbers) * sizes)
    return np.where(np.isnan(numbers), NULL, bins).astype(np.int32)


def count_bins(values: pa.Array) -> dict[int, int]:
    """Count the rows of each bin that has any, ascending."""
    bins, rows = np.unique(bins_of(values), return_counts=True)
    return dict(zip(bins.tolist(), rows.tolist(), strict=True))


def coarse(reference: Counts, present: Counts) -> tuple[list[int], list[int]]:
    """Join bins into at most ten with about equal counts in the reference, and one of nulls.

    Args:
        reference: bin → rows, before.
        present: bin → rows, now.

    Returns:
        The counts of the joined bins before and now.
    """
    total = sum(count for key, count in reference.items() if key != NULL)
    before, now, held = [0], [0], 0
    for key in sorted({*reference, *present} - {NULL}):
        if held and held * DECILES >= total:
            before.append(0)
            now.append(0)
            held = 0
        before[-1] += reference.get(key, 0)
        now[-1] += present.get(key, 0)
        held += reference.get(key, 0)
    if NULL in reference or NULL in present:
        before.append(reference.get(NULL, 0))
        now.append(present.get(NULL, 0))
    return before, now
