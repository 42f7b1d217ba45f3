"""Every statistic once more, as a loop over cells in exact fractions: slow, and plain to check."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np

from features.group import Feature, FeatureGroup
from lakehouse.month_range import MonthRange

Values = Mapping[int, Fraction]


def index(month: date) -> int:
    return month.year * 12 + month.month


Sold = Mapping[int, Fraction]


def lag(values: Values, sold: Sold, target: int, start: int, back: int) -> Fraction | None:
    del sold
    return None if target - back < start else values.get(target - back, Fraction(0))


def mean(values: Values, sold: Sold, target: int, start: int, back: int) -> Fraction:
    months = range(max(start, target - back), target)
    total = sum((values.get(month, Fraction(0)) for month in months), Fraction(0))
    return total / min(back, target - min(sold))


def ewm(values: Values, sold: Sold, target: int, start: int, back: int) -> Fraction:
    """The last month weighs 1, each before it half; months before the first sale have no weight."""
    total, weights = Fraction(0), Fraction(0)
    for month in range(max(start, target - back), target):
        weight = Fraction(1, 2 ** (target - 1 - month))
        total += weight * values.get(month, Fraction(0))
        weights += weight if month >= min(sold) else 0
    return total / weights


def since(values: Values, sold: Sold, target: int, start: int, back: int) -> Fraction | None:
    del sold, start, back
    active = [month for month, value in values.items() if month < target and value != 0]
    return Fraction(target - max(active)) if active else None


def total(values: Values, sold: Sold, target: int, start: int, back: int) -> Fraction:
    del sold
    months = range(max(start, target - back), target)
    return sum((values.get(month, Fraction(0)) for month in months), Fraction(0))


def latest(values: Values, sold: Sold, target: int, start: int, back: int) -> Fraction | None:
    del sold
    months = range(max(start, target - back), target)
    known = [values[month] for month in months if values.get(month, 0) != 0]
    return known[-1] if known else None


def age(values: Values, sold: Sold, target: int, start: int, back: int) -> Fraction:
    """The whole months after that of the first sale, and its share from that sale on."""
    del values, start, back
    return target - min(sold) - 1 + sold[min(sold)]


STATISTICS = {
    "lag": lag, "mean": mean, "ewm": ewm, "sum": total, "latest": latest,
    "since": since, "age": age,
}  # fmt: skip


def naive_features(
    cells: Iterable[Mapping[str, Any]], history: MonthRange, month: date, group: FeatureGroup
) -> dict[tuple[str, ...], dict[str, Any]]:
    """Compute one target month: key → column → float32, or None where it is not known."""
    by_key: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for cell in cells:
        if history.first <= cell["month"] <= history.last:
            by_key.setdefault(tuple(cell[name] for name in group.keys), []).append(cell)
    target, rows = index(month), {}
    for key, mine in by_key.items():
        sold = {
            index(cell["month"]): Fraction(cell["sold_share"]) for cell in mine if cell["sales"]
        }
        if sold and min(sold) < target:
            rows[key] = {
                group.column(feature): as_stored(one(feature, mine, sold, target, history))
                for feature in group.features
            }
    return rows


def one(
    feature: Feature,
    cells: Sequence[Mapping[str, Any]],
    sold: Sold,
    target: int,
    history: MonthRange,
) -> Fraction | None:
    values = {index(cell["month"]): Fraction(cell[feature.measure]) for cell in cells}
    if feature.where is not None:
        # What is there counts where the other measure is not 0, also where it is 0 itself.
        has_other = {index(cell["month"]) for cell in cells if cell[feature.where] != 0}
        known = [month for month in has_other if target - (feature.lookback or 0) <= month < target]
        return values[max(known)] if known else None
    back = feature.lookback or 0
    return STATISTICS[feature.statistic.name](values, sold, target, index(history.first), back)


def as_stored(exact: Fraction | None) -> Any:
    return None if exact is None else np.float32(float(exact)).item()
