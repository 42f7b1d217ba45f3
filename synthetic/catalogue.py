"""Catalogue: shops, items and categories of a sample, and the rows of their three files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from synthetic.categories import Categories, draw_categories
from synthetic.items import Items, draw_items
from synthetic.scale import Scale
from synthetic.shops import Shops, draw_shops


@dataclass(frozen=True)
class Catalogue:
    """The shops, items and categories of a sample."""

    categories: Categories
    shops: Shops
    items: Items

    def files(self) -> Mapping[str, Iterable[tuple[str | int, ...]]]:
        """Return the name of each catalogue file and its rows, header first."""
        items = (
            (name, item, category)
            for item, (name, category) in enumerate(
                zip(self.items.names, self.items.categories.tolist(), strict=True)
            )
        )
        return {
            "items.csv": [("item_name", "item_id", "item_category_id"), *items],
            "item_categories.csv": numbered("item_category", self.categories.names),
            "shops.csv": numbered("shop", self.shops.names),
        }


def numbered(entity: str, names: list[str]) -> list[tuple[str | int, ...]]:
    """Return a header and (name, id) rows, the id being the name's position from 0."""
    return [(f"{entity}_name", f"{entity}_id"), *((name, at) for at, name in enumerate(names))]


def draw_catalogue(scale: Scale, rng: np.random.Generator) -> Catalogue:
    """Draw the categories, shops and items of a sample."""
    categories = draw_categories(scale, rng)
    return Catalogue(categories, draw_shops(scale, rng), draw_items(scale, categories, rng))
