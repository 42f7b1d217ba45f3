"""Ratios of two columns of the same panel row: means per selling pair, trends, prices, shares."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from features.attributes import Attributes
from features.group import CATEGORY

Real = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Ratio:
    """A panel column that divides one column by another.

    Ratios are computed in the panel because the two columns may belong to groups with different
    keys.

    Attributes:
        name: column of the panel.
        numerator: a feature's column, or a ratio declared earlier.
        denominator: a feature's column, or a ratio declared earlier.
        comment: the column's meaning, with the unit.
        most: upper bound applied to the denominator; None: no bound.
    """

    name: str
    numerator: str
    denominator: str
    comment: str
    most: float | None = None

    @property
    def formula(self) -> str:
        """The formula, for the comment of the column."""
        bound = self.denominator if self.most is None else f"min({self.denominator}, {self.most:g})"
        return f"{self.numerator} / {bound}"

    def compute(self, numerator: Real, denominator: Real) -> Real:
        """Divide numerators by denominators; NaN where either is NaN or the denominator is 0."""
        safe = np.where(denominator == 0, np.float32(np.nan), denominator)
        if self.most is not None:
            safe = np.minimum(safe, np.float32(self.most))
        ratio: Real = (numerator / safe).astype(np.float32)
        return ratio


LATEST_PRICE = "currency that buyers paid per unit in the last month with a known price"
YEARS_PRICE = "currency that buyers paid per unit, year"
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
    Ratio(
        "item_price",
        "item_revenue_latest_12",
        "item_priced_units_latest_12",
        LATEST_PRICE,
    ),
    Ratio(
        "pair_price",
        "shop_item_revenue_latest_12",
        "shop_item_priced_units_latest_12",
        f"{LATEST_PRICE}, there",
    ),
    Ratio(
        "pair_share", "shop_item_target_mean_3", "item_target_mean_3", "share of the item's units"
    ),
    Ratio("item_per_pair_12", "item_target_mean_12", "item_pairs_mean_12", "units by selling shop"),
    Ratio("item_price_12", "item_revenue_mean_12", "item_priced_units_mean_12", YEARS_PRICE),
    Ratio(
        "pair_price_12",
        "shop_item_revenue_mean_12",
        "shop_item_priced_units_mean_12",
        f"{YEARS_PRICE}, there",
    ),
    Ratio(
        "category_price_12",
        "category_revenue_mean_12",
        "category_priced_units_mean_12",
        YEARS_PRICE,
    ),
    Ratio("item_price_change", "item_price", "item_price_12", "last price by the year's"),
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
            f"{name}_exposed_{months}",
            f"{group}_target_{statistic}_{months}",
            f"{group}_sales_age_all",
            "units a month since the first sale, to the day",
            most=months,
        )
        for name, group in (("pair", "shop_item"), ("item", "item"))
        for statistic, months in (("lag", 1), ("sum", 12))
    ),
    *(
        Ratio(
            f"pair_exposed_12_by_{group}",
            "shop_item_target_sum_12",
            f"{group}_sales_age_all",
            f"units a month since the {group}'s first sale",
            most=12,
        )
        for group in ("item", "shop")
    ),
    Ratio(
        "category_share",
        "shop_category_target_mean_12",
        "shop_target_mean_12",
        "share of the shop's units",
    ),
)


def attribute_ratios(attributes: Attributes) -> tuple[Ratio, ...]:
    """Declare the units per selling pair for each group by attribute and each group by item age."""
    kinds = [name for name in attributes.item if name != CATEGORY]
    recent = (("lag", 1), ("mean", 12))
    names = (*(f"item_{name}" for name in attributes.shop), *attributes.shop, *kinds)
    lately = (*recent, ("mean", 24))
    as_old = "units by pair when items were as old"
    return (
        *per_pair(names, "units by pair", recent),
        *per_pair([f"{name}_age" for name in kinds], as_old, lately),
        *per_pair(["shop_category_age", "category_age"], as_old, (*lately, ("lag", 2), ("lag", 3))),
    )


def per_pair(
    names: Iterable[str], comment: str, statistics: Iterable[tuple[str, int]]
) -> Iterator[Ratio]:
    """Declare the units per selling pair of groups, for several statistics.

    Args:
        names: names of groups.
        comment: meaning of the columns.
        statistics: pairs of a statistic's name and a lookback in months.
    """
    for name, (statistic, months) in product(names, statistics):
        yield Ratio(
            f"{name}_per_pair_{months}",
            f"{name}_target_{statistic}_{months}",
            f"{name}_pairs_{statistic}_{months}",
            comment,
        )
