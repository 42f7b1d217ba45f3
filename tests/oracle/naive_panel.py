"""The panel once more: for each pair, look up each group by its own key."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from math import ceil
from typing import Any

import numpy as np

from features.feature_set import FeatureSet


def naive_panel(
    pairs: Sequence[tuple[str, str]],
    shops: Mapping[str, Mapping[str, str]],
    items: Mapping[str, Mapping[str, str]],
    month: date,
    known: Mapping[str, Mapping[tuple[str, ...], Mapping[str, Any]]],
    actuals: Mapping[tuple[str, str], Any] | None,
    features: FeatureSet,
) -> list[dict[str, Any]]:
    """Assemble the rows of pairs.

    Args:
        pairs: shop and item.
        shops: shop → attribute → value.
        items: item → attribute → value, its category among them.
        month: target month.
        known: group → key → column → value.
        actuals: pair → target of the month; None: it is not closed.
        features: the model's columns.
    """
    rows = []
    for shop, item in pairs:
        ids = {"shop_id": shop, "item_id": item, **shops.get(shop, {}), **items.get(item, {})}
        months = known["item"].get((item,), {}).get("item_sales_age_all", 0)
        ids["item_age"] = str(min(ceil(months), 12))
        category = ids.get("category_id", "unknown")
        row: dict[str, Any] = {"shop_id": shop, "item_id": item, "category_id": category}
        row["month"] = month
        for group in features.groups:
            key = tuple(ids.get(name, "unknown") for name in group.keys)
            values = known[group.name].get(key, {})
            row |= {name: values.get(name) for name in group.columns}
        for one in features.neighbours:
            beside = known["item"].get((neighbour(item, items, known["item"], one.side),), {})
            row[one.column] = beside.get(one.of)
        for ratio in features.ratios:
            below = row[ratio.denominator]
            if below is not None and ratio.most is not None:
                below = min(below, ratio.most)
            row[ratio.name] = quotient(row[ratio.numerator], below)
        row |= {feature.name: float(feature.compute(month)) for feature in features.calendar}
        row["target"] = None if actuals is None else single(actuals.get((shop, item), 0))
        rows.append(row)
    return rows


def neighbour(
    item: str, items: Collection[str], sold: Collection[tuple[str, ...]], side: str
) -> str | None:
    """The nearest item that sold before or after one in the order of names, here the ids."""
    if item not in items:
        return None
    order = sorted(known for known in items if known == item or (known,) in sold)
    at = order.index(item) + (1 if side == "item_after" else -1)
    return order[at] if 0 <= at < len(order) else None


def quotient(numerator: float | None, denominator: float | None) -> float | None:
    """Divide as float32; None where either is not known or the denominator is 0."""
    if numerator is None or denominator is None or denominator == 0:
        return None
    return (np.float32(numerator) / np.float32(denominator)).item()


def single(value: Any) -> float:
    """Round to float32."""
    return np.float32(float(value)).item()
