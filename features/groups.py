"""Feature groups: the one place where every feature computed from sales is declared."""

from collections.abc import Sequence

from features.ages import ITEM_AGE
from features.attributes import Attributes
from features.blocks import Switches
from features.group import (
    CATEGORY,
    ITEM,
    SHOP,
    FeatureGroup,
    age,
    lags,
    latest,
    means,
    months_since,
    sums,
    weighted,
)
from features.measures import (
    HAS_SALE,
    LATE_UNITS,
    OFFER_DAYS,
    PAIR_LATE_UNITS,
    PAIR_PRICED_UNITS,
    PAIR_REVENUE,
    PAIR_SALES,
    PAIR_SOLD_SHARE,
    PAIR_UNITS,
    PAIR_WEEKEND_UNITS,
    PAIRS,
    PRICED_UNITS,
    REVENUE_SUM,
    SALE_DAYS,
    TARGET_SUM,
    UNITS_SOLD,
    WEEKEND_UNITS,
    WHEN_SOLD,
    pair_target,
)
from lakehouse.profile.profile import Clip, Profile

# Terms of price ratios: revenue and units of the same sales in the same months.
YEARS_PRICE_TERMS = means("revenue", 12) + means("priced_units", 12)
PRICE_TERMS = (
    *latest("revenue", 12, where="priced_units"),
    *latest("priced_units", 12),
    *YEARS_PRICE_TERMS,
)


def shop_item(clip: Clip | None) -> FeatureGroup:
    """Declare the group of a shop × item pair's own history.

    Args:
        clip: bounds of the target, in units; None: not clipped.
    """
    return FeatureGroup(
        name="shop_item",
        keys=(SHOP, ITEM),
        measures=(
            PAIR_SALES,
            PAIR_SOLD_SHARE,
            HAS_SALE,
            PAIR_UNITS,
            pair_target(clip),
            PAIR_REVENUE,
            PAIR_PRICED_UNITS,
            PAIR_LATE_UNITS,
            PAIR_WEEKEND_UNITS,
            SALE_DAYS,
            OFFER_DAYS,
        ),
        features=(
            *lags("target", 1, 2, 3, 6, 12),
            *lags("units", 1, 2, 3),
            *means("target", 3, 6, 12),
            *weighted("target", 6),
            *sums("target", 12),
            *means("units", 12),
            *lags("revenue", 1),
            *PRICE_TERMS,
            *lags("late_units", 1),
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
    measures=(*WHEN_SOLD, PAIRS, UNITS_SOLD, TARGET_SUM, REVENUE_SUM, PRICED_UNITS, LATE_UNITS),
    features=(
        *lags("target", 1, 2, 3, 6, 12),
        *means("target", 3, 6, 12),
        *weighted("target", 6),
        *sums("target", 12),
        *lags("units", 1),
        *means("units", 12),
        *lags("pairs", 1, 2, 3),
        *means("pairs", 3, 12),
        *lags("revenue", 1),
        *PRICE_TERMS,
        *lags("late_units", 1),
        months_since("sales"),
        age("sales"),
    ),
)
SHOP_GROUP = FeatureGroup(
    name="shop",
    keys=(SHOP,),
    measures=(*WHEN_SOLD, PAIRS, UNITS_SOLD, TARGET_SUM, LATE_UNITS, WEEKEND_UNITS),
    features=(
        *lags("target", 1, 12),
        *means("target", 3, 12),
        *weighted("target", 6),
        *lags("pairs", 1),
        *means("pairs", 3),
        *lags("units", 1),
        *means("units", 12),
        *lags("late_units", 1),
        *means("weekend_units", 12),
        months_since("sales"),
        age("sales"),
    ),
)
CATEGORY_GROUP = FeatureGroup(
    name="category",
    keys=(CATEGORY,),
    measures=(*WHEN_SOLD, PAIRS, UNITS_SOLD, TARGET_SUM, REVENUE_SUM, PRICED_UNITS),
    features=(
        *lags("target", 1, 2, 12, 13),
        *means("target", 3, 12),
        *weighted("target", 6),
        *lags("pairs", 1, 12),
        *means("pairs", 3),
        *means("units", 12),
        *YEARS_PRICE_TERMS,
        months_since("sales"),
        age("sales"),
    ),
)
SHOP_CATEGORY_GROUP = FeatureGroup(
    name="shop_category",
    keys=(SHOP, CATEGORY),
    measures=(*WHEN_SOLD, PAIRS, TARGET_SUM),
    features=(
        *lags("target", 1, 2, 3, 12),
        *means("target", 3, 12),
        *weighted("target", 6),
        *lags("pairs", 1),
        *means("pairs", 3),
        months_since("sales"),
        age("sales"),
    ),
)


def attribute_group(name: str, *keys: str) -> FeatureGroup:
    """Declare a group keyed by attributes, such as a city, a type, or an item in a city."""
    return FeatureGroup(
        name=name,
        keys=keys,
        measures=(*WHEN_SOLD, PAIRS, TARGET_SUM),
        features=(
            *lags("target", 1),
            *means("target", 12),
            *weighted("target", 6),
            *lags("pairs", 1),
            *means("pairs", 12),
            months_since("sales"),
            age("sales"),
        ),
    )


def age_group(name: str, *keys: str, months: Sequence[int]) -> FeatureGroup:
    """Declare a group keyed by item age: past sales of items when they had the same age.

    Args:
        name: prefix of the group's name.
        keys: key columns besides the age.
        months: lags in months.
    """
    return FeatureGroup(
        name=f"{name}_age",
        keys=(ITEM_AGE, *keys),
        measures=(*WHEN_SOLD, PAIRS, TARGET_SUM),
        features=(
            *lags("target", *months),
            *means("target", 12, 24),
            *lags("pairs", *months),
            *means("pairs", 12, 24),
            months_since("sales"),
            age("sales"),
        ),
    )


def age_groups(attributes: Attributes) -> tuple[FeatureGroup, ...]:
    """Declare the groups by item age: per shop and category, category, and other item attribute."""
    return (
        age_group("shop_category", SHOP, CATEGORY, months=(1, 2, 3)),
        age_group("category", CATEGORY, months=(1, 2, 3)),
        *(age_group(name, name, months=(1,)) for name in attributes.item if name != CATEGORY),
    )


def attribute_groups(attributes: Attributes) -> tuple[FeatureGroup, ...]:
    """Declare one group per attribute but the category, and one per item and shop attribute."""
    return (
        *(attribute_group(f"item_{name}", name, ITEM) for name in attributes.shop),
        *(attribute_group(name, name) for name in attributes.shop),
        *(attribute_group(name, name) for name in attributes.item if name != CATEGORY),
    )


def declared_groups(profile: Profile) -> tuple[FeatureGroup, ...]:
    """Return every group of a profile, before blocks are switched off.

    Args:
        profile: declares the bounds of the target and the attributes of shops and items.

    Returns:
        The group of pairs first; each group after one whose cells can be summed to the group's.
    """
    attributes = Attributes.of(profile)
    return (
        shop_item(profile.target_clip),
        *(ITEM_GROUP, SHOP_CATEGORY_GROUP, SHOP_GROUP, CATEGORY_GROUP),
        *attribute_groups(attributes),
        *age_groups(attributes),
    )


def feature_groups(profile: Profile) -> tuple[FeatureGroup, ...]:
    """Return a profile's groups without the features that the profile switches off.

    A group that would keep only the key's age and last sale is omitted.
    """
    switches = Switches.of(profile)
    switched = (switches.of_group(group) for group in declared_groups(profile))
    return tuple(group for group in switched if group is not None)
