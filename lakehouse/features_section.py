"""The section ``features`` of a profile: which blocks of features are not used."""

from typing import Literal

from pydantic import Field

from lakehouse.profile_part import Part

# What features tell of, beyond the history of pair, item, shop and category and their age, which
# forecasts, segments and naive baselines read. features.blocks says which columns each has.
OptionalBlock = Literal[
    "exposure",
    "price",
    "calendar",
    "trend and share",
    "item in a region",
    "region",
    "other attributes of items",
    "cold start",
    "cold start in a shop",
    "cold start by attributes",
    "neighbours",
]
SWITCHED_OFF: tuple[OptionalBlock, ...] = ()


class Features(Part):
    """Which features there are.

    Attributes:
        without: blocks that are neither computed nor learned from. By default those that brought
            nothing on the data sets of docs/benchmarks.md; ``[]`` has all of them.
    """

    without: list[OptionalBlock] = Field(default_factory=lambda: list(SWITCHED_OFF))
