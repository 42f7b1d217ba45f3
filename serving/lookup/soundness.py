"""Checks of forecasts before they are served."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.types import FEATURE
from serving.lookup.texts import NUMBERS


def count_unsound(rows: pa.Table | pa.RecordBatch, bounds: tuple[float, float]) -> int:
    """Count the rows of gold.forecasts that are not fit to be served.

    Args:
        rows: the columns ``NUMBERS``.
        bounds: lowest and highest allowed forecast, units.

    Returns:
        Rows whose units are null, whose units or quantiles are not finite or out of bounds, or
        whose quantiles decrease. A null quantile is allowed.
    """
    sound = pc.fill_null(is_within(rows["units"], *bounds), False)
    least: Any = pa.scalar(bounds[0], FEATURE)
    for name in NUMBERS[1:]:
        fits = pc.and_(is_within(rows[name], *bounds), pc.greater_equal(rows[name], least))
        sound = pc.and_(sound, pc.fill_null(fits, True))
        least = pc.max_element_wise(least, rows[name])
    return len(rows) - int(pc.sum(sound).as_py() or 0)


def is_within(values: pa.ChunkedArray, low: float, high: float) -> pa.ChunkedArray:
    """Return for each value whether the value is finite and within bounds; null: no value."""
    low_, high_ = (pa.scalar(bound, FEATURE) for bound in (low, high))
    inside = pc.and_(pc.greater_equal(values, low_), pc.less_equal(values, high_))
    return pc.and_(pc.is_finite(values), inside)
