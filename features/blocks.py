"""Feature blocks: named sets of model columns that a study can measure and a profile switch off."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from features.attributes import Attributes
from features.group import CATEGORY, FeatureGroup
from lakehouse.profile.profile import Profile


@dataclass(frozen=True)
class Block:
    """A named set of model columns about one subject.

    Attributes:
        name: the block's name in results and in a profile's section ``features``.
        pattern: regular expression that must match the whole name of a column.
    """

    name: str
    pattern: str

    def has(self, column: str) -> bool:
        """Return whether a column's name matches; ``blocks`` says which of several matches wins."""
        return re.fullmatch(self.pattern, column) is not None


def blocks(attributes: Attributes, inputs: Sequence[str] = ()) -> tuple[Block, ...]:
    """List the blocks in order; a column belongs to the first block that matches.

    Args:
        attributes: attributes of shops and items.
        inputs: columns that a profile's optional inputs bring.
    """
    regions = any_of(attributes.shop)
    kinds = any_of([name for name in attributes.item if name != CATEGORY])
    return (
        Block("inputs", any_of(inputs)),
        Block("neighbours", r"item_(before|after)_.*"),
        Block("cold start in a shop", r"shop_category_age_.*"),
        Block("cold start", r"category_age_.*"),
        Block("cold start by attributes", rf"({kinds})_age_.*"),
        Block("item in a region", rf"item_({regions})_.*"),
        Block("region", rf"({regions})_.*"),
        Block("other attributes of items", rf"({kinds})_.*"),
        Block("price", r".*(revenue|price).*"),
        Block(
            "exposure",
            r".*(sale_days|offer_days|target_sum|exposed).*|.*_late(_units.*)?|"
            r"(item|shop)_units_lag_1",
        ),
        Block("calendar", r"month_.*|category_season|.*weekend.*"),
        Block("trend and share", r".*(_trend|_share)"),
        Block("age", r".*_sales_(age|since)_all"),
        Block("pair", r"shop_item_.*"),
        Block("item", r"item_.*"),
        Block("category in a shop", r"shop_category_.*"),
        Block("shop", r"shop_.*"),
        Block("category", r"category_.*"),
    )


def any_of(names: Sequence[str]) -> str:
    """Write a pattern that matches any given name; without names, a pattern that never matches."""
    return "|".join(names) or r"(?!)"


def block_of(column: str, attributes: Attributes, inputs: Sequence[str] = ()) -> str:
    """Return the name of the block that a column belongs to.

    Raises:
        ValueError: no block matches the column; add a pattern to ``blocks``.
    """
    for block in blocks(attributes, inputs):
        if block.has(column):
            return block.name
    raise ValueError(f"{column}: of no block; add it to features.blocks")


@dataclass(frozen=True)
class Switches:
    """The blocks that a profile switches off.

    Attributes:
        attributes: attributes of shops and items.
        off: names of the blocks that are off.
        inputs: columns that a profile's optional inputs bring.
    """

    attributes: Attributes
    off: frozenset[str]
    inputs: tuple[str, ...] = ()

    @classmethod
    def of(cls, profile: Profile, inputs: Iterable[str] = ()) -> "Switches":
        """Read the switched-off blocks from a profile."""
        return cls(Attributes.of(profile), frozenset(profile.features.without), tuple(inputs))

    def are_on(self, *columns: str) -> bool:
        """Return whether no given column belongs to a block that is off."""
        return not self.off or self.off.isdisjoint(
            block_of(column, self.attributes, self.inputs) for column in columns
        )

    def of_group(self, group: FeatureGroup) -> FeatureGroup | None:
        """Return a group with only the features that are on; None if all others are off.

        Opening features, which stand for all months before an incremental build, stay as long as
        the group has any other feature.
        """
        kept = tuple(
            feature
            for feature in group.features
            if feature in group.opening or self.are_on(group.column(feature))
        )
        return replace(group, features=kept) if set(kept) > set(group.opening) else None
