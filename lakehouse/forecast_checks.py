"""Checks of forecasts before they are served."""

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.errors import LakeError
from lakehouse.lake import Lake
from lakehouse.profile.profile import bounds_of
from lakehouse.profile.stored import stored_profile
from lakehouse.tables.gold import FORECASTS
from lakehouse.types import FEATURE

QUANTILES = ("p10", "p50", "p90", "p95")


def check_forecasts(
    lake: Lake, version: str, rows: int, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Yield the forecasts of a version, and check them as a whole behind the last one.

    Args:
        lake: the lake that has the version.
        version: the version.
        rows: forecasts of the version, as they were published.
        batches: the columns ``units`` and ``QUANTILES`` at least.

    Raises:
        LakeError: the number of forecasts differs from ``rows``, or a forecast is not a number
            within the bounds of the lake's profile; forecast again, or withdraw the version.
    """
    bounds = bounds_of(stored_profile(lake).target_clip)
    unsound = count = 0
    for batch in batches:
        unsound += count_unsound(batch, bounds)
        count += len(batch)
        yield batch
    named = f"{lake.uri(FORECASTS)}: version {version} has"
    if count != rows:
        raise LakeError(
            f"{named} {count} forecasts, {rows} were published; forecast again or withdraw it."
        )
    if unsound:
        raise LakeError(
            f"{named} {unsound} forecasts that are not numbers within "
            f"[{bounds[0]:g}, {bounds[1]:g}]; forecast again or withdraw it."
        )


def count_unsound(rows: pa.Table | pa.RecordBatch, bounds: tuple[float, float]) -> int:
    """Count the rows of gold.forecasts that are not fit to be served.

    Args:
        rows: the columns ``units`` and ``QUANTILES``.
        bounds: lowest and highest allowed forecast, units.

    Returns:
        Rows whose units are null, whose units or quantiles are not finite or out of bounds, or
        whose quantiles decrease. A null quantile is allowed.
    """
    sound = pc.fill_null(is_within(rows["units"], *bounds), False)
    least: Any = pa.scalar(bounds[0], FEATURE)
    for name in QUANTILES:
        fits = pc.and_(is_within(rows[name], *bounds), pc.greater_equal(rows[name], least))
        sound = pc.and_(sound, pc.fill_null(fits, True))
        least = pc.max_element_wise(least, rows[name])
    return len(rows) - int(pc.sum(sound).as_py() or 0)


def is_within(values: pa.ChunkedArray, low: float, high: float) -> pa.ChunkedArray:
    """Return for each value whether the value is finite and within bounds; null: no value."""
    low_, high_ = (pa.scalar(bound, FEATURE) for bound in (low, high))
    inside = pc.and_(pc.greater_equal(values, low_), pc.less_equal(values, high_))
    return pc.and_(pc.is_finite(values), inside)
