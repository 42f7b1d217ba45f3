"""Profile section ``features``: the feature blocks that are switched off."""

from typing import Literal, get_args

from pydantic import Field

from lakehouse.section import Section

# Blocks that are off by default; features.blocks lists the columns of each. On both data sets of
# docs/benchmarks.md these blocks improved the forecasts by nothing, or by less than
# another random seed does: neither data set has many new items, many shops or a catalogue with more
# information than its categories. The history and age of pair, item, shop and category are no
# optional block, because forecasts, segments and naive baselines read these columns.
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


class Features(Section):
    """The choice of feature blocks.

    Attributes:
        without: blocks that are neither computed nor used by models; ``[]``: all blocks are used.
    """

    without: list[OptionalBlock] = Field(default_factory=lambda: list(SWITCHED_OFF))
