"""Ratios of two features of one panel row: means over open shops, trends, prices."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.attributes import Attributes
from features.group import CATEGORY

Real = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Ratio:
    """One feature, or ratio declared before it, divided by another.

    Both come from groups with keys of their own, so that neither group needs the other's.
    """

    name: str
    numerator: str
    denominator: str
    comment: str

    def compute(self, numerator: Real, denominator: Real) -> Real:
        """Divide; NaN where either is not known or the denominator is 0."""
        safe = np.where(denominator == 0, np.float32(np.nan), denominator)
        ratio: Real = (numerator / safe).astype(np.float32)
        return ratio


RATIOS = (
    Ratio("item_per_pair_1", "item_target_lag_1", "item_pairs_lag_1", "units by selling shop"),
    Ratio("item_per_pair_3", "item_target_mean_3", "item_pairs_mean_3", "units by selling shop"),
    Ratio(
        "item_trend", "item_target_lag_1", "item_target_mean_12", "last month by the year's mean"
    ),
    Ratio("pair_trend", "shop_item_target_lag_1", "shop_item_target_mean_12", "as item_trend"),
    Ratio("category_per_pair_1", "category_target_lag_1", "category_pairs_lag_1", "units by pair"),
    Ratio(
        "category_per_pair_3", "category_target_mean_3", "category_pairs_mean_3", "units by pair"
    ),
    Ratio(
        "shop_category_per_pair_1",
        "shop_category_target_lag_1",
        "shop_category_pairs_lag_1",
        "units by pair",
    ),
    Ratio(
        "shop_category_per_pair_3",
        "shop_category_target_mean_3",
        "shop_category_pairs_mean_3",
        "units by pair",
    ),
    Ratio("shop_per_pair_1", "shop_target_lag_1", "shop_pairs_lag_1", "units by pair"),
    Ratio("item_price", "item_revenue_lag_1", "item_units_lag_1", "currency per unit last month"),
    Ratio(
        "pair_price", "shop_item_revenue_lag_1", "shop_item_units_lag_1", "currency per unit there"
    ),
    Ratio(
        "pair_share", "shop_item_target_mean_3", "item_target_mean_3", "share of the item's units"
    ),
    Ratio("item_per_pair_12", "item_target_mean_12", "item_pairs_mean_12", "units by selling shop"),
    Ratio("item_price_12", "item_revenue_mean_12", "item_units_mean_12", "currency per unit, year"),
    Ratio(
        "pair_price_12",
        "shop_item_revenue_mean_12",
        "shop_item_units_mean_12",
        "currency per unit there, year",
    ),
    Ratio(
        "category_price_12",
        "category_revenue_mean_12",
        "category_units_mean_12",
        "currency per unit, year",
    ),
    Ratio("item_price_change", "item_price", "item_price_12", "last month's price by the year's"),
    Ratio("item_price_level", "item_price_12", "category_price_12", "price by its category's"),
    Ratio("pair_price_level", "pair_price_12", "item_price_12", "price there by price everywhere"),
    Ratio("pair_late", "shop_item_late_units_lag_1", "shop_item_units_lag_1", "share sold late"),
    Ratio("item_late", "item_late_units_lag_1", "item_units_lag_1", "share sold late"),
    Ratio("shop_late", "shop_late_units_lag_1", "shop_units_lag_1", "share sold late"),
    Ratio("shop_weekend", "shop_weekend_units_mean_12", "shop_units_mean_12", "weekend share"),
    Ratio("shop_trend", "shop_target_lag_1", "shop_target_mean_12", "as item_trend"),
    Ratio("category_trend", "category_target_lag_1", "category_target_mean_12", "as item_trend"),
    Ratio(
        "category_season",
        "category_target_lag_12",
        "category_target_lag_13",
        "how the month changed from the one before it, a year ago",
    ),
    *(
        Ratio(
            f"category_age_per_pair_{months}",
            f"category_age_target_{statistic}_{months}",
            f"category_age_pairs_{statistic}_{months}",
            "units by pair of the category's items when they were as old",
        )
        for statistic, months in (("lag", 1), ("lag", 2), ("lag", 3), ("mean", 12), ("mean", 24))
    ),
    Ratio(
        "category_share",
        "shop_category_target_mean_12",
        "shop_target_mean_12",
        "share of the shop's units",
    ),
)


def attribute_ratios(attributes: Attributes) -> tuple[Ratio, ...]:
    """Declare the units by pair of every attribute's group."""
    names = (
        *(f"item_{name}" for name in attributes.shop),
        *attributes.shop,
        *(name for name in attributes.item if name != CATEGORY),
    )
    return tuple(
        Ratio(
            f"{name}_per_pair_{months}",
            f"{name}_target_{statistic}_{months}",
            f"{name}_pairs_{statistic}_{months}",
            "units by pair",
        )
        for name in names
        for statistic, months in (("lag", 1), ("mean", 12))
    )
