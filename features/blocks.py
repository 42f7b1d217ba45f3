"""Blocks: the model's columns by what they tell of, so that each block's worth can be measured."""

import re
from dataclasses import dataclass

from features.attributes import Attributes


@dataclass(frozen=True)
class Block:
    """Columns that tell of one thing.

    Attributes:
        name: what it is called in results.
        pattern: regular expression that the whole name of a column matches.
    """

    name: str
    pattern: str

    def has(self, column: str) -> bool:
        """Say whether a column is of this block, where it is of none before it."""
        return re.fullmatch(self.pattern, column) is not None


def blocks(attributes: Attributes) -> tuple[Block, ...]:
    """List the blocks; a column is of the first that has it.

    Args:
        attributes: of shops and items.
    """
    regions = "|".join(attributes.shop) or "$"
    kinds = "|".join(attributes.item)
    return (
        Block("price", r".*(revenue|price).*"),
        Block("exposure", r".*(sale_days|offer_days|late).*|(item|shop)_units_lag_1"),
        Block("cold start", r"category_age_.*"),
        Block("age", r".*_sales_(age|since)_all"),
        Block("calendar", r"month_.*|category_season|.*weekend.*"),
        Block("trend and share", r".*(_trend|_share)"),
        Block("pair", r"shop_item_.*"),
        Block("item in a region", rf"item_({regions})_.*"),
        Block("item", r"item_.*"),
        Block("region", rf"({regions})_.*"),
        Block("category in a shop", r"shop_category_.*"),
        Block("shop", r"shop_.*"),
        Block("category", r"category_.*"),
        Block("other attributes of items", rf"({kinds})_.*"),
    )


def block_of(column: str, attributes: Attributes) -> str:
    """Name the block of a column.

    Raises:
        ValueError: it is of none.
    """
    for block in blocks(attributes):
        if block.has(column):
            return block.name
    raise ValueError(f"{column}: of no block; add it to features.blocks")
