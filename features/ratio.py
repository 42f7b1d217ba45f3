"""Ratios of two features of one panel row: means over open shops, trends, prices."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Ratio:
    """One feature divided by another.

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
)
