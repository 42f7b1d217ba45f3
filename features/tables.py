"""Table schemas of each feature group: monthly cells and features."""

from features.group import FeatureGroup
from features.groups import ITEM_GROUP
from lakehouse.table import Column, Table
from lakehouse.tables.silver import MONTH
from lakehouse.types import FEATURE, TEXT

TARGET_MONTH = Column("month", MONTH.type, "target month, first day", False)


def key_columns(group: FeatureGroup) -> tuple[Column, ...]:
    """Return the key columns of a group's tables."""
    return tuple(
        Column(name, TEXT, f"{name.removesuffix('_id')}, aliases resolved", False)
        for name in group.keys
    )


def monthly_table(group: FeatureGroup) -> Table:
    """Declare ``silver.monthly_<group>``, the table of a group's monthly cells.

    A key has no cell in a month without a sale or an offer.
    """
    return Table(
        layer="silver",
        name=f"monthly_{group.name}",
        description=f"A month's measures by {' × '.join(group.keys)}; none without sale or offer.",
        columns=(*key_columns(group), MONTH, *(measure.column for measure in group.measures)),
        key=(*group.keys, "month"),
        partition_by=("month",),
    )


# Item cells date the first sale of every item.
ITEM_CELLS = monthly_table(ITEM_GROUP)


def feature_columns(group: FeatureGroup) -> tuple[Column, ...]:
    """Return the feature columns of a group, each with a comment of its meaning."""
    return tuple(
        Column(
            group.column(feature),
            FEATURE,
            f"{feature.measure} ({group.measure(feature.measure).comment}): "
            f"{feature.meaning}; null: not known",
        )
        for feature in group.features
    )


def features_table(group: FeatureGroup) -> Table:
    """Declare ``gold.features_<group>``, a group's features of each target month."""
    return Table(
        layer="gold",
        name=f"features_{group.name}",
        description=f"What is known of {' × '.join(group.keys)} before the target month.",
        columns=(*key_columns(group), TARGET_MONTH, *feature_columns(group)),
        key=(*group.keys, "month"),
        partition_by=("month",),
    )
