"""The model's columns: every group's features, the ratios of them, and the calendar."""

from dataclasses import dataclass

from features.attributes import Attributes
from features.blocks import Switches, block_of
from features.calendar import CALENDAR, CalendarFeature
from features.group import CATEGORY, ITEM, SHOP, FeatureGroup, duplicates, refuse
from features.groups import feature_groups
from features.input_feature import (
    InputFeature,
    input_features,
    input_names,
    input_ratios,
)
from features.neighbour import NEIGHBOURS, Neighbour
from features.ratio import RATIOS, Ratio, attribute_ratios
from features.tables import TARGET_MONTH, feature_columns
from lakehouse.profile.profile import Profile
from lakehouse.table import Column, Table
from lakehouse.types import FEATURE, TEXT

TARGET = "target"
SPINES = ("assortment", "grid")
# What a null becomes that is like no number.
BELOW_ALL = -1.0e6


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
    neighbours: tuple[Neighbour, ...] = ()
    inputs: tuple[InputFeature, ...] = ()

    def __post_init__(self) -> None:
        columns = {name for group in self.groups for name in group.columns}
        columns |= {feature.name for feature in self.inputs}
        columns |= {neighbour.column for neighbour in self.neighbours}
        for ratio in self.ratios:
            refuse("ratios", "no such column", {ratio.numerator, ratio.denominator} - columns)
            columns.add(ratio.name)
        refuse("all", "declared twice", duplicates(self.names))

    @property
    def columns(self) -> tuple[Column, ...]:
        """The model's columns, in their order."""
        return (
            *(column for group in self.groups for column in feature_columns(group)),
            *(Column(n.column, FEATURE, f"{n.comment}; null: not known") for n in self.neighbours),
            *(Column(f.name, FEATURE, f"{f.comment}; null: not known") for f in self.inputs),
            *(
                Column(r.name, FEATURE, f"{r.comment}: {r.formula}; null: not known")
                for r in self.ratios
            ),
            *(Column(feature.name, FEATURE, feature.comment, False) for feature in self.calendar),
        )

    @property
    def fillings(self) -> dict[str, float]:
        """Column → what a null of it stands for to a model that wants numbers.

        Nulls of what is not counted from sales, ratios and inputs, are below all numbers.
        """
        of_groups = {
            group.column(feature): feature.statistic.filling
            for group in self.groups
            for feature in group.features
        }
        others = (*(f.name for f in self.inputs), *(r.name for r in self.ratios))
        return {
            **of_groups,
            **{n.column: of_groups[n.of] for n in self.neighbours},
            **dict.fromkeys(others, BELOW_ALL),
        }

    def block_of(self, column: str) -> str:
        """Name the block of one of the model's columns."""
        return block_of(column, self.attributes, input_names(self.inputs))

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
    switches = Switches.of(profile, input_names(inputs))
    ratios = (*RATIOS, *attribute_ratios(attributes), *input_ratios(inputs))
    return FeatureSet(
        feature_groups(profile),
        tuple(r for r in ratios if switches.are_on(r.name, r.numerator, r.denominator)),
        tuple(feature for feature in CALENDAR if switches.are_on(feature.name)),
        attributes,
        tuple(n for n in NEIGHBOURS if switches.are_on(n.column)),
        inputs,
    )


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
