"""The model's columns: every group's features, the ratios of them, and the calendar."""

from dataclasses import dataclass

from features.attributes import Attributes
from features.calendar import CALENDAR, CalendarFeature
from features.group import CATEGORY, ITEM, SHOP, FeatureGroup, duplicates, refuse
from features.groups import feature_groups
from features.input_feature import InputFeature, input_features, input_ratios
from features.ratio import RATIOS, Ratio, attribute_ratios
from features.tables import TARGET_MONTH, feature_columns
from lakehouse.profile import Profile
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
    attributes: Attributes
    inputs: tuple[InputFeature, ...] = ()

    def __post_init__(self) -> None:
        columns = {name for group in self.groups for name in group.columns}
        columns |= {feature.name for feature in self.inputs}
        for ratio in self.ratios:
            refuse("ratios", "no such column", {ratio.numerator, ratio.denominator} - columns)
            columns.add(ratio.name)
        refuse("all", "declared twice", duplicates(self.names))

    @property
    def columns(self) -> tuple[Column, ...]:
        """The model's columns, in their order."""
        return (
            *(column for group in self.groups for column in feature_columns(group)),
            *(Column(f.name, FEATURE, f"{f.comment}; null: not known") for f in self.inputs),
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


def feature_set(profile: Profile) -> FeatureSet:
    """Return the declared features.

    Args:
        profile: bounds of the target, what is known of shops and items, and which inputs there
            are besides.
    """
    attributes, inputs = Attributes.of(profile), input_features(profile.inputs)
    ratios = (*RATIOS, *attribute_ratios(attributes), *input_ratios(inputs))
    return FeatureSet(feature_groups(profile), ratios, CALENDAR, attributes, inputs)


def panel_table(features: FeatureSet, spine: str, horizon: int = 1) -> Table:
    """Declare the panel of a spine at a horizon.

    Args:
        features: the model's columns.
        spine: ``assortment``, what is forecast, or ``grid``, for comparison with published work.
        horizon: months from the cutoff, the last month that features know, to the target month.
    """
    of_spine = [] if spine == SPINES[0] else [spine]
    at_horizon = [] if horizon == 1 else [f"h{horizon}"]
    return Table(
        layer="gold",
        name="_".join(["panel", *of_spine, *at_horizon]),
        description=f"Features and target of shop × item × month; rows of the spine {spine}; "
        f"what was known {horizon} {'month' if horizon == 1 else 'months'} before the target.",
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
