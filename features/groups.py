"""The feature groups: every feature of shopcast is declared here, once."""

from dataclasses import replace

from features.group import (
    CATEGORY,
    ITEM,
    SHOP,
    FeatureGroup,
    age,
    lags,
    means,
    months_since,
)
from features.measure import Measure
from lakehouse.profile import Clip
from lakehouse.types import COUNT, REVENUE, UNITS, WHOLE

# What the pair's measures aggregate are the columns of monthly.pair_days.
PAIR_SALES = Measure("sales", "sale", "sum", COUNT, "live sales lines")
PAIR_UNITS = Measure("units", "units", "sum", UNITS, "units net of returns")
PAIR_REVENUE = Measure(
    "revenue",
    "revenue",
    "sum",
    REVENUE,
    "currency, each sale rounded to four decimals; without a known price 0",
)
SALE_DAYS = Measure("sale_days", "sale_day", "count_distinct", WHOLE, "days with a sale")
OFFER_DAYS = Measure(
    "offer_days",
    "offer_day",
    "count_distinct",
    WHOLE,
    "days on offer and reported without a sale",
)
HAS_SALE = Measure("pairs", "sale", "max", WHOLE, "1: the pair has a sale")


def summed(measure: Measure, comment: str = "") -> Measure:
    """Declare the sum of a measure of the cells below, whichever group they are of."""
    stored = COUNT if measure.type == WHOLE else measure.type
    return Measure(measure.name, measure.name, "sum", stored, comment or measure.comment)


SALES = summed(PAIR_SALES)
UNITS_SOLD = summed(PAIR_UNITS)
REVENUE_SUM = summed(PAIR_REVENUE)
PAIRS = summed(HAS_SALE, "shop × item pairs with a sale")


def pair_target(clip: Clip | None) -> Measure:
    """Declare what is forecast: the pair's units in a month, clipped where the profile says so."""
    bounds = f", clipped to [{clip.low}, {clip.high}]" if clip else ""
    return replace(PAIR_UNITS, name="target", comment=f"{PAIR_UNITS.comment}{bounds}", clip=clip)


TARGET_SUM = summed(pair_target(None), "sum of its pairs' targets, units")


def shop_item(clip: Clip | None) -> FeatureGroup:
    """Declare the pair's own history."""
    return FeatureGroup(
        name="shop_item",
        keys=(SHOP, ITEM),
        measures=(
            PAIR_SALES,
            HAS_SALE,
            PAIR_UNITS,
            pair_target(clip),
            PAIR_REVENUE,
            SALE_DAYS,
            OFFER_DAYS,
        ),
        features=(
            *lags("target", 1, 2, 3, 6, 12),
            *lags("units", 1, 2, 3),
            *means("target", 3, 6, 12),
            *means("units", 12),
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
    measures=(SALES, PAIRS, UNITS_SOLD, TARGET_SUM, REVENUE_SUM),
    features=(
        *lags("target", 1, 2, 3, 6, 12),
        *means("target", 3, 6, 12),
        *lags("units", 1),
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
    measures=(SALES, PAIRS, TARGET_SUM),
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
    measures=(SALES, PAIRS, TARGET_SUM),
    features=(
        *lags("target", 1, 2, 12),
        *means("target", 3, 12),
        *lags("pairs", 1, 12),
        *means("pairs", 3),
        months_since("sales"),
        age("sales"),
    ),
)
SHOP_CATEGORY_GROUP = FeatureGroup(
    name="shop_category",
    keys=(SHOP, CATEGORY),
    measures=(SALES, PAIRS, TARGET_SUM),
    features=(
        *lags("target", 1, 2, 3, 12),
        *means("target", 3, 12),
        *lags("pairs", 1),
        *means("pairs", 3),
        months_since("sales"),
        age("sales"),
    ),
)


def feature_groups(clip: Clip | None) -> tuple[FeatureGroup, ...]:
    """Return every group, the pair's own first, each after one whose cells it can be summed from.

    Args:
        clip: bounds of the target, from the profile.
    """
    return (shop_item(clip), ITEM_GROUP, SHOP_CATEGORY_GROUP, SHOP_GROUP, CATEGORY_GROUP)
