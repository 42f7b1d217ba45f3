"""Groups with item age as a key, and the group whose cells are summed to theirs."""

from collections.abc import Sequence

from features.ages import ITEM_AGE
from features.group import SHOP, FeatureGroup
from features.groups import ITEM_GROUP


def split_by_age(
    groups: Sequence[FeatureGroup],
) -> tuple[tuple[FeatureGroup, ...], tuple[FeatureGroup, ...]]:
    """Split groups into groups without item age and groups with item age as a key.

    Cells without item age need one month of sales; cells with item age need all earlier months too.
    """
    plain = tuple(group for group in groups if ITEM_AGE not in group.keys)
    return plain, tuple(group for group in groups if ITEM_AGE in group.keys)


def sources_of_ages(groups: Sequence[FeatureGroup], pair: FeatureGroup) -> FeatureGroup:
    """Return the group whose cells are summed to the cells of groups by item age.

    Args:
        groups: groups by item age.
        pair: the group of pairs.

    Returns:
        ``pair`` if any group has the shop as a key, else the smaller group of items.
    """
    return pair if any(SHOP in group.keys for group in groups) else ITEM_GROUP
