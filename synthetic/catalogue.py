"""The catalogue: shops, items and categories together, and the rows of their files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from synthetic.categories import Categories, draw_categories
from synthetic.items import Items, draw_items
from synthetic.scale import Scale
from synthetic.shops import Shops, draw_shops


@dataclass(frozen=True)
class Catalogue:
    """Everything that sells or is sold."""

    categories: Categories
    shops: Shops
    items: Items

    def files(self) -> Mapping[str, Iterable[tuple[str | int, ...]]]:
        """Return the rows of each catalogue file, its header first."""
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
    """Return names with their positions as ids, under a header."""
    return [(f"{entity}_name", f"{entity}_id"), *((name, at) for at, name in enumerate(names))]


def draw_catalogue(scale: Scale, rng: np.random.Generator) -> Catalogue:
    """Draw the catalogue of a sample."""
    categories = draw_categories(scale, rng)
    return Catalogue(categories, draw_shops(scale, rng), draw_items(scale, categories, rng))
