"""Categories: their names, and what their items have in common."""

from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from synthetic.scale import Scale
from synthetic.vocabulary import CATEGORIES


@dataclass(frozen=True)
class Categories:
    """One value per category; the position is the category id.

    Args:
        names: ``Type - Subtype``.
        types: int64, position of the category's type.
        prices: float64, median price of an item, currency per unit.
        seasons: float64, exponent of the yearly season; 0 has none, above 1 more than the market.
        lives: float64, months in which the demand of an ordinary item falls to a third.
        trends: float64, growth of demand a month, as a logarithm.
    """

    names: list[str]
    types: NDArray[np.int64]
    prices: NDArray[np.float64]
    seasons: NDArray[np.float64]
    lives: NDArray[np.float64]
    trends: NDArray[np.float64]


def draw_categories(scale: Scale, rng: np.random.Generator) -> Categories:
    """Draw the categories of a sample: the categories of one type resemble each other."""
    names = category_names(scale)
    types = np.repeat(np.arange(scale.types), scale.subtypes)
    type_prices = rng.permutation(np.geomspace(150.0, 2_500.0, scale.types))
    return Categories(
        names=names,
        types=types,
        prices=type_prices[types] * rng.lognormal(0.0, 0.3, len(names)),
        seasons=rng.uniform(0.4, 1.6, len(names)),
        lives=rng.permutation(np.linspace(4.4, 5.6, scale.types))[types],
        trends=rng.permutation(np.linspace(-0.025, -0.005, scale.types))[types],
    )


def category_names(scale: Scale) -> list[str]:
    """Name the categories, type by type."""
    return [
        f"{kind} - {subtype}"
        for kind, subtypes in islice(CATEGORIES.items(), scale.types)
        for subtype in subtypes.split(",")[: scale.subtypes]
    ]
