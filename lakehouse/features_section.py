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
# Brought nothing, or less than another seed does, on either data set of docs/benchmarks.md: neither
# has many new items, many shops or a catalogue that says more than its categories.
SWITCHED_OFF: tuple[OptionalBlock, ...] = (
    "trend and share",
    "item in a region",
    "region",
    "other attributes of items",
    "cold start",
    "cold start in a shop",
    "cold start by attributes",
    "neighbours",
)


class Features(Part):
    """Which features there are.

    Attributes:
        without: blocks that are neither computed nor learned from; ``[]``: none is left out.
    """

    without: list[OptionalBlock] = Field(default_factory=lambda: list(SWITCHED_OFF))
