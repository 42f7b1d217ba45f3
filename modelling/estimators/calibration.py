"""How far quantiles were off on months not learned from, by bin of demand: what is added to them.

Split conformal prediction: a quantile at level a is moved by the a-quantile of what it was missed
by. So a share of about a of actuals lies at or below it, and no more than a below, in every bin,
as long as the months to come are like those it was set right on. What it was missed by is measured
in the pair's mean demand, at least one unit, as large pairs are missed by more.

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
from modelling.estimators.response import known

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

DEMAND = "shop_item_target_mean_12"
BIN = "bin"
# A bin of fewer rows is corrected as all rows are: its own 5 % would be a handful.
FEWEST_ROWS = 100
# percentile_approx is exact to one in as many rows of a bin.
ACCURACY = 10_000
Numbers = npt.NDArray[Any]
# Called once in a worker; what it returns predicts ``[row, quantile]`` of a batch, units.
Loader = Callable[[], Callable[[pa.RecordBatch], Numbers]]


@dataclass(frozen=True)
class Correction:
    """What is added to the quantiles of a bin, in the demand of a row.

    Attributes:
        bounds: upper bounds of the bins, included; the last bin has none.
        shifts: ``[bin][quantile]``.
    """

    bounds: tuple[float, ...]
    shifts: tuple[tuple[float, ...], ...]

    def apply(self, batch: pa.RecordBatch, quantiles: Numbers) -> Numbers:
        """Return corrected quantiles ``[row, quantile]``, units, in increasing order."""
        shifts = np.array(self.shifts)[bins(batch, self.bounds)]
        corrected: Numbers = np.sort(quantiles + shifts * scale(batch)[:, None], axis=1)
        return corrected


def bins(batch: pa.RecordBatch, bounds: Sequence[float]) -> Numbers:
    """Return ``[row]`` the bin of the pair's mean monthly demand."""
    return np.searchsorted(np.array(bounds), demand(batch))


def scale(batch: pa.RecordBatch) -> Numbers:
    """Return ``[row]`` what a correction of one is, units."""
    return np.maximum(demand(batch), 1.0)


def demand(batch: pa.RecordBatch) -> Numbers:
    """Return ``[row]`` a pair's mean units of the last months, 0 where it is not known."""
    return known(batch, DEMAND)


def correction(rows: "DataFrame", quantiles: Loader, bounds: Sequence[float]) -> Correction:
    """Find the corrections on rows that the quantiles did not learn from.

    What reaches the driver is a row per bin.

    Args:
        rows: panel rows with targets.
        quantiles: predict them.
        bounds: of the bins.
    """
    from pyspark.sql import functions as F

    schema = ", ".join([f"{BIN} INT", *(f"{name} DOUBLE" for name in QUANTILES)])
    misses = rows.mapInArrow(missing_by(quantiles, bounds), schema)
    shifts = [
        f"percentile_approx({name}, {level}, {ACCURACY}) AS {name}"
        for name, level in QUANTILES.items()
    ]
    found = misses.rollup(BIN).agg(F.count("*").alias("rows"), *map(F.expr, shifts)).collect()
    by_bin = {row[BIN]: row for row in found if row[BIN] is None or row["rows"] >= FEWEST_ROWS}
    used = (by_bin.get(place, by_bin[None]) for place in range(len(bounds) + 1))
    return Correction(
        tuple(bounds), tuple(tuple(float(row[name]) for name in QUANTILES) for row in used)
    )


def missing_by(
    load: Loader, bounds: Sequence[float]
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Make the function with which a worker measures ``[bin, *quantiles]``, a row each."""

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        predict = load()
        for batch in batches:
            missed = (known(batch, TARGET)[:, None] - predict(batch)) / scale(batch)[:, None]
            columns = {name: missed[:, place] for place, name in enumerate(QUANTILES)}
            places = pa.array(bins(batch, bounds), pa.int32())
            yield pa.RecordBatch.from_pydict({BIN: places, **columns})

    return run
