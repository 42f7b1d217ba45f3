"""The feature groups: every feature of shopcast is declared here, once."""

from features.group import (
    CATEGORY,
    ITEM,
    SHOP,
    FeatureGroup,
    age,
    lags,
    means,
    months_since,
    total,
)
from features.measure import Measure
from lakehouse.profile import Clip
from lakehouse.types import COUNT, REVENUE, UNITS, WHOLE

# A day of the month as one bit: counting distinct days needs no second pass over the rows.
DAY_BIT = "shiftleft(1L, day(date))"

PAIR_SALES = Measure("sales", "count_if(NOT is_offer)", COUNT, "live sales lines")
PAIR_UNITS = Measure("units", "coalesce(sum(units), 0)", UNITS, "units net of returns")
PAIR_REVENUE = Measure(
    "revenue",
    "coalesce(sum(CAST(units * price AS DECIMAL(18,4))), 0)",
    REVENUE,
    "currency; sales without a known price count 0",
)
SALE_DAYS = Measure(
    "sale_days",
    f"bit_count(bit_or(CASE WHEN is_offer THEN 0L ELSE {DAY_BIT} END))",
    WHOLE,
    "days with a sale",
)
OFFER_DAYS = Measure(
    "offer_days",
    f"bit_count(bit_or(CASE WHEN is_offer THEN {DAY_BIT} ELSE 0L END))",
    WHOLE,
    "days on offer and reported without a sale",
)

SALES = Measure("sales", "sum(sales)", COUNT, "live sales lines")
UNITS_SOLD = Measure("units", "sum(units)", UNITS, "units net of returns")
TARGET_SUM = Measure("target", "sum(target)", UNITS, "sum of its pairs' targets, units")
PAIRS = Measure("pairs", "count_if(sales > 0)", COUNT, "shop × item pairs with a sale")
REVENUE_SUM = Measure("revenue", "sum(revenue)", REVENUE, "currency")


def pair_target(clip: Clip | None) -> Measure:
    """Declare what is forecast: the pair's units in a month, clipped where the profile says so."""
    units = PAIR_UNITS.sql
    sql = units if clip is None else f"least(greatest({units}, {clip.low}), {clip.high})"
    bounds = "" if clip is None else f", clipped to [{clip.low}, {clip.high}]"
    return Measure("target", sql, UNITS, f"units net of returns{bounds}")


def shop_item(clip: Clip | None) -> FeatureGroup:
    """Declare the pair's own history."""
    return FeatureGroup(
        name="shop_item",
        keys=(SHOP, ITEM),
        measures=(PAIR_SALES, PAIR_UNITS, pair_target(clip), PAIR_REVENUE, SALE_DAYS, OFFER_DAYS),
        features=(
            *lags("target", 1, 2, 3, 6, 12),
            *lags("units", 1, 2, 3),
            *means("target", 3, 6, 12),
            *means("units", 12),
            total("units"),
            *lags("revenue", 1),
            *lags("sale_days", 1),
            *means("sale_days", 3),
            *lags("offer_days", 1),
            months_since("sales"),
            age("sales"),
        ),
    )


ITEM_GROUP = FeatureGroup(
    name="item",
    keys=(ITEM,),
    measures=(SALES, UNITS_SOLD, TARGET_SUM, PAIRS, REVENUE_SUM),
    features=(
        *lags("target", 1, 2, 3, 6, 12),
        *means("target", 3, 6, 12),
        *lags("units", 1),
        total("units"),
        *lags("pairs", 1, 2, 3),
        *means("pairs", 3),
        *lags("revenue", 1),
        months_since("sales"),
        age("sales"),
    ),
)
SHOP_GROUP = FeatureGroup(
    name="shop",
    keys=(SHOP,),
    measures=(SALES, TARGET_SUM, PAIRS),
    features=(
        *lags("target", 1, 12),
        *means("target", 3, 12),
        *lags("pairs", 1),
        *means("pairs", 3),
        months_since("sales"),
        age("sales"),
    ),
)
CATEGORY_GROUP = FeatureGroup(
    name="category",
    keys=(CATEGORY,),
    measures=(SALES, TARGET_SUM, PAIRS),
    features=(
        *lags("target", 1, 2, 12),
        *means("target", 3, 12),
        *lags("pairs", 1, 12),
        *means("pairs", 3),
    ),
)
SHOP_CATEGORY_GROUP = FeatureGroup(
    name="shop_category",
    keys=(SHOP, CATEGORY),
    measures=(SALES, TARGET_SUM, PAIRS),
    features=(
        *lags("target", 1, 2, 3, 12),
        *means("target", 3, 12),
        *lags("pairs", 1),
        *means("pairs", 3),
    ),
)


def feature_groups(clip: Clip | None) -> tuple[FeatureGroup, ...]:
    """Return every group, the pair's own first.

    Args:
        clip: bounds of the target, from the profile.
    """
    return (shop_item(clip), ITEM_GROUP, SHOP_GROUP, CATEGORY_GROUP, SHOP_CATEGORY_GROUP)
