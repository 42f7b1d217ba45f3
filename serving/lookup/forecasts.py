"""In-memory index of one version's forecasts: Arrow columns, sorted by shop, item and month.

A forecast takes 16 bytes, 32 with quantiles; ten million take a third of a gigabyte.
"""

import struct
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.errors import LakeError
from lakehouse.types import FEATURE

KEY = ("shop_id", "item_id", "month")
QUANTILES = ("p10", "p50", "p90", "p95")
VALUES = ("horizon", "units", *QUANTILES, "rung", "model", "generated_at")
COLUMNS = (*KEY, *VALUES)
FLOAT = struct.Struct("f")
# Most distinct values that a signed byte can number.
FEW = 127


@dataclass(frozen=True)
class Forecasts:
    """Forecasts by shop, item and month.

    Shop number s and item number i share the places (s·items + i)·months to that + months - 1, one
    place per month.

    Attributes:
        shops: shop_id → shop number, from 0.
        items: item_id → item number, from 0.
        months: the forecast months, ascending.
        places: int64, ascending: the places that have a forecast.
        values: name of ``VALUES`` → column, one row per entry of ``places``.
    """

    shops: Mapping[str, int]
    items: Mapping[str, int]
    months: Sequence[date]
    places: Sequence[int]
    values: Mapping[str, pa.Array]

    @classmethod
    def of(cls, rows: pa.Table) -> "Forecasts":
        """Index rows of gold.forecasts: ``COLUMNS``, of one version, in any order.

        Raises:
            LakeError: two rows have the same shop, item and month; forecast again.
        """
        axes = [pc.unique(rows[name]).sort() for name in KEY]
        places = numbered(rows, axes)
        order = pc.sort_indices(places)
        places = places.take(order)
        if has_doubles(places):
            raise LakeError(
                "gold/forecasts: two forecasts of one shop, item and month; forecast again."
            )
        shops, items, months = (axis.to_pylist() for axis in axes)
        return cls(
            shops={shop: number for number, shop in enumerate(shops)},
            items={item: number for number, item in enumerate(items)},
            months=months,
            places=memoryview(places.buffers()[1]).cast("q")[: len(places)],
            values={name: compact(rows[name]).take(order) for name in VALUES},
        )

    def __len__(self) -> int:
        return len(self.places)

    def find(self, shop_id: str, item_id: str) -> list[dict[str, Any]]:
        """Return a pair's forecasts, by month: ``month`` and ``VALUES``; empty: unknown pair."""
        shop, item = self.shops.get(shop_id), self.items.get(item_id)
        if shop is None or item is None:
            return []
        first = (shop * len(self.items) + item) * len(self.months)
        start = bisect_left(self.places, first)
        stop = bisect_left(self.places, first + len(self.months), start)
        return [
            {"month": self.months[self.places[row] - first], **self.at(row)}
            for row in range(start, stop)
        ]

    def at(self, row: int) -> dict[str, Any]:
        """Return the values of one row of the index."""
        return {name: written(column[row].as_py()) for name, column in self.values.items()}


def count_unsound(rows: pa.Table, bounds: tuple[float, float]) -> int:
    """Count the rows of gold.forecasts that are not fit to be served.

    Args:
        rows: the columns ``COLUMNS``.
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


def numbered(rows: pa.Table, axes: Sequence[pa.Array]) -> pa.Array:
    """Return the place of each row in the index, int64.

    Args:
        rows: the columns ``KEY``.
        axes: the sorted distinct values of shop, item and month.
    """
    places = pa.scalar(0, pa.int64())
    for name, axis in zip(KEY, axes, strict=True):
        numbers = pc.index_in(rows[name], value_set=axis).cast(pa.int64())
        places = pc.add(pc.multiply(places, pa.scalar(len(axis), pa.int64())), numbers)
    return places.combine_chunks()


def has_doubles(places: pa.Array) -> bool:
    """Return whether two neighbours among sorted places are equal."""
    return bool(pc.any(pc.equal(places[1:], places[:-1]), min_count=0).as_py())


def compact(column: pa.ChunkedArray) -> pa.Array:
    """Return a column in one chunk; encode all but floats and empty columns as dictionaries."""
    if column.null_count == len(column):
        return pa.nulls(len(column))
    if pa.types.is_floating(column.type):
        return column.combine_chunks()
    encoded = column.combine_chunks().dictionary_encode()
    is_few = len(encoded.dictionary) <= FEW
    return encoded.cast(pa.dictionary(pa.int8(), column.type)) if is_few else encoded


def written(value: Any) -> Any:
    """Round a 32-bit float to the shortest equal decimal: 1.3, not 1.2999999523162842.

    Other values are returned unchanged.
    """
    if not isinstance(value, float):
        return value
    tries = (float(f"{value:.{digits}g}") for digits in range(6, 10))
    return next((short for short in tries if FLOAT.unpack(FLOAT.pack(short))[0] == value), value)
