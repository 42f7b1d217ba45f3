"""The section ``features`` of a profile: which blocks of features are not used."""

from typing import Literal, get_args

from pydantic import Field

from lakehouse.section import Part

# Of what features tell beyond the history of pair, item, shop and category and their age, which
# forecasts, segments and naive baselines read. features.blocks says which columns each has.
# These brought nothing, or less than another seed does, on either data set of docs/benchmarks.md:
# neither has many new items, many shops or a catalogue that says more than its categories.
LittleUse = Literal[
    "trend and share",
    "item in a region",
    "region",
    "other attributes of items",
    "cold start",
    "cold start in a shop",
    "cold start by attributes",
    "neighbours",
]
OptionalBlock = Literal["exposure", "price", "calendar", LittleUse]
SWITCHED_OFF: tuple[OptionalBlock, ...] = get_args(LittleUse)


class Features(Part):
    """Which features there are.

    Attributes:
        without: blocks that are neither computed nor learned from; ``[]``: none is left out.
    """

    without: list[OptionalBlock] = Field(default_factory=lambda: list(SWITCHED_OFF))
