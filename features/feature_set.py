"""The feature set: all model columns, from groups, neighbours, inputs, ratios and calendar."""

from dataclasses import dataclass, field

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
from lakehouse.profile.profile import Forecast, Profile
from lakehouse.table import Column, Table
from lakehouse.types import FEATURE, TEXT

TARGET = "target"
SPINES = ("assortment", "grid")
# Replaces nulls for which no number is a natural meaning; lower than every real value.
BELOW_ALL = -1.0e6


@dataclass(frozen=True)
class FeatureSet:
    """Everything that a panel row holds besides the key columns and the target.

    Attributes:
        groups: feature groups.
        ratios: ratios of other columns, in the order of computation.
        calendar: features of the target month alone.
        attributes: attributes of shops and items.
        neighbours: features of the items next to an item in the order of names.
        inputs: features of the optional inputs.
        assortment: the rule for which pairs are forecast.
        inputs_declared: names of the optional inputs that the profile declares.

    Raises:
        ValueError: a ratio names a column that is not declared before the ratio, or two columns
            have the same name.
    """

    groups: tuple[FeatureGroup, ...]
    ratios: tuple[Ratio, ...]
    calendar: tuple[CalendarFeature, ...]
    attributes: Attributes
    neighbours: tuple[Neighbour, ...] = ()
    inputs: tuple[InputFeature, ...] = ()
    assortment: Forecast = field(default_factory=Forecast)
    inputs_declared: tuple[str, ...] = ()

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
        """Column → the number that replaces nulls for a model that cannot read nulls.

        Ratios and inputs get ``BELOW_ALL``, because no number of sales means "not known".
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
        """Return the name of the block that a model column belongs to."""
        return block_of(column, self.attributes, input_names(self.inputs))

    @property
    def names(self) -> list[str]:
        """The names of the model's columns, in their order."""
        return [column.name for column in self.columns]


def feature_set(profile: Profile) -> FeatureSet:
    """Return the features that a profile declares and does not switch off.

    Args:
        profile: declares the bounds of the target, the attributes of shops and items, the
            optional inputs and the blocks that are off.
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
        profile.forecast,
        tuple(profile.inputs),
    )


def panel_table(features: FeatureSet, spine: str, horizon: int = 1) -> Table:
    """Declare the panel table of a spine at a horizon.

    Args:
        features: the model's columns.
        spine: ``assortment`` for the pairs that are forecast, or ``grid`` for comparison with
            published work.
        horizon: months from the cutoff (the last month whose sales features read) to the target
            month.
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
