"""The model's columns: every group's features, the ratios of them, and the calendar."""

from dataclasses import dataclass

from features.calendar import CALENDAR, CalendarFeature
from features.group import CATEGORY, ITEM, SHOP, FeatureGroup, duplicates, refuse
from features.groups import feature_groups
from features.ratio import RATIOS, Ratio
from features.tables import TARGET_MONTH, feature_columns
from lakehouse.profile import Clip
from lakehouse.table import Column, Table
from lakehouse.types import FEATURE, TEXT

TARGET = "target"
SPINES = ("assortment", "grid")


@dataclass(frozen=True)
class FeatureSet:
    """Everything that a panel row holds besides its key and target.

    Raises:
        ValueError: a ratio names a column that no group has, or two columns have one name.
    """

    groups: tuple[FeatureGroup, ...]
    ratios: tuple[Ratio, ...]
    calendar: tuple[CalendarFeature, ...]

    def __post_init__(self) -> None:
        columns = {name for group in self.groups for name in group.columns}
        named = {name for ratio in self.ratios for name in (ratio.numerator, ratio.denominator)}
        refuse("ratios", "no such column", named - columns)
        refuse("all", "declared twice", duplicates(self.names))

    @property
    def columns(self) -> tuple[Column, ...]:
        """The model's columns, in their order."""
        return (
            *(column for group in self.groups for column in feature_columns(group)),
            *(
                Column(
                    r.name,
                    FEATURE,
                    f"{r.comment}: {r.numerator} / {r.denominator}; null: not known",
                )
                for r in self.ratios
            ),
            *(Column(feature.name, FEATURE, feature.comment, False) for feature in self.calendar),
        )

    @property
    def names(self) -> list[str]:
        """The names of the model's columns, in their order."""
        return [column.name for column in self.columns]


def feature_set(clip: Clip | None) -> FeatureSet:
    """Return the declared features.

    Args:
        clip: bounds of the target, from the profile.
    """
    return FeatureSet(feature_groups(clip), RATIOS, CALENDAR)


def panel_table(features: FeatureSet, spine: str) -> Table:
    """Declare the panel of a spine.

    Args:
        features: the model's columns.
        spine: ``assortment``, what is forecast, or ``grid``, for comparison with published work.
    """
    return Table(
        layer="gold",
        name="panel" if spine == SPINES[0] else f"panel_{spine}",
        description=f"Features and target of shop × item × month; rows of the spine {spine}.",
        columns=(
            Column(SHOP, TEXT, "shop, aliases resolved", False),
            Column(ITEM, TEXT, "item", False),
            Column(
                CATEGORY, TEXT, "present category; 'unknown' where the catalogue has none", False
            ),
            TARGET_MONTH,
            *features.columns,
            Column(TARGET, FEATURE, "units of the month, clipped as the profile says; null: open"),
        ),
        key=(SHOP, ITEM, "month"),
        partition_by=("month",),
    )
