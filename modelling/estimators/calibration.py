"""Calibration: correct predicted quantiles on held-out months, per demand bin (split conformal).

The correction of a quantile at level a is the a-quantile of the misses, actual minus predicted, in
the held-out months. So in every bin a share of about a of the actuals lies at or below the
corrected quantile, and at most a share of a below the quantile, as long as later months resemble
the held-out months. Misses are measured in units of the pair's mean demand, at least one unit,
because the misses of large pairs are larger.

Quantiles of counts are then rounded to the nearest whole number: no other number is a quantile of
counts, and the pinball loss became smaller in every bin (docs/explanation/estimators.md).

Source: Romano, Patterson, Candès, Conformalized Quantile Regression (2019), each quantile apart.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.feature_set import TARGET
from modelling.estimators.quantiles import QUANTILES
from modelling.estimators.response import filled

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

DEMAND = "shop_item_target_mean_12"
BIN, WHOLE = "bin", "is_whole"
# A bin with fewer rows gets the correction of all rows: 5 % of the bin would be a handful.
FEWEST_ROWS = 100
# The rank error of percentile_approx is at most one part in this many of a bin's rows.
ACCURACY = 10_000
Numbers = npt.NDArray[Any]
# A worker calls the loader once; the returned function predicts ``[row, quantile]``, units.
Loader = Callable[[], Callable[[pa.RecordBatch], Numbers]]


@dataclass(frozen=True)
class Correction:
    """The shifts that calibration adds to the quantiles, per demand bin.

    Attributes:
        bounds: upper bounds of the bins, included, mean monthly units; the last bin has no bound.
        shifts: ``[bin][quantile]``, in multiples of the row's ``scale``.
        are_counts: whether units are whole numbers, so that quantiles are rounded to such.
    """

    bounds: tuple[float, ...]
    shifts: tuple[tuple[float, ...], ...]
    are_counts: bool = False

    def apply(self, batch: pa.RecordBatch, quantiles: Numbers) -> Numbers:
        """Correct quantiles ``[row, quantile]``, units; the results do not decrease in a row."""
        shifts = np.array(self.shifts)[bins(batch, self.bounds)]
        corrected: Numbers = np.sort(quantiles + shifts * scale(batch)[:, None], axis=1)
        # The sum with 0 turns -0 into 0.
        return np.rint(corrected) + 0.0 if self.are_counts else corrected


def bins(batch: pa.RecordBatch, bounds: Sequence[float]) -> Numbers:
    """Return the demand bin of each row's pair, ``[row]``."""
    return np.searchsorted(np.array(bounds), demand(batch))


def scale(batch: pa.RecordBatch) -> Numbers:
    """Return how many units a shift of 1 means in each row, ``[row]``, at least 1."""
    return np.maximum(demand(batch), 1.0)


def demand(batch: pa.RecordBatch) -> Numbers:
    """Return the mean monthly units of each row's pair over 12 months, ``[row]``; null is 0."""
    return filled(batch, DEMAND)


def correction(rows: "DataFrame", quantiles: Loader, bounds: Sequence[float]) -> Correction:
    """Compute the correction from rows that the quantiles did not learn from.

    The driver receives only one row per bin.

    Args:
        rows: panel rows with targets, of the held-out months.
        quantiles: loads the function that predicts the quantiles of a batch.
        bounds: upper bounds of the demand bins, included, mean monthly units.
    """
    from pyspark.sql import functions as F

    schema = ", ".join(
        [f"{BIN} INT", *(f"{name} DOUBLE" for name in QUANTILES), f"{WHOLE} BOOLEAN"]
    )
    misses = rows.mapInArrow(missing_by(quantiles, bounds), schema)
    shifts = [
        f"percentile_approx({name}, {level}, {ACCURACY}) AS {name}"
        for name, level in QUANTILES.items()
    ]
    counted = (F.count("*").alias("rows"), F.every(WHOLE).alias(WHOLE))
    by_demand = misses.rollup(BIN).agg(*counted, *map(F.expr, shifts)).collect()
    by_bin = {row[BIN]: row for row in by_demand if row[BIN] is None or row["rows"] >= FEWEST_ROWS}
    every = by_bin[None]
    used = (by_bin.get(place, every) for place in range(len(bounds) + 1))
    shifts_used = tuple(tuple(float(row[name]) for name in QUANTILES) for row in used)
    return Correction(tuple(bounds), shifts_used, bool(every[WHOLE]))


def missing_by(
    load: Loader, bounds: Sequence[float]
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Make the function with which a worker measures misses: ``[bin, *quantiles, is_whole]``."""

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        predict = load()
        for batch in batches:
            units = filled(batch, TARGET)
            missed = (units[:, None] - predict(batch)) / scale(batch)[:, None]
            columns = {name: missed[:, place] for place, name in enumerate(QUANTILES)}
            places = pa.array(bins(batch, bounds), pa.int32())
            whole = units == np.rint(units)
            yield pa.RecordBatch.from_pydict({BIN: places, **columns, WHOLE: whole})

    return run
