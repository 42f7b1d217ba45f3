"""Categories of a sample: names, price levels, seasons, lifetimes and trends."""

from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from synthetic.scale import Scale
from synthetic.vocabulary import CATEGORIES


@dataclass(frozen=True)
class Categories:
    """The categories as arrays with one value per category; the position is the category id.

    Args:
        names: ``Type - Subtype``.
        types: int64, number of the category's type, from 0.
        prices: float64, median price of the category's items, currency per unit.
        seasons: float64, exponent of the yearly season: 0 is no season, above 1 a stronger season
            than the market's.
        lives: float64, median over the category's ordinary items of the months in which demand
            falls to 1/e, about a third.
        trends: float64, log growth of demand per month.
    """

    names: list[str]
    types: NDArray[np.int64]
    prices: NDArray[np.float64]
    seasons: NDArray[np.float64]
    lives: NDArray[np.float64]
    trends: NDArray[np.float64]


def draw_categories(scale: Scale, rng: np.random.Generator) -> Categories:
    """Draw the categories of a sample.

    Categories of one type have the same lifetime and trend, and similar prices.
    """
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
    """Return the names of the categories, ordered by type."""
    return [
        f"{kind} - {subtype}"
        for kind, subtypes in islice(CATEGORIES.items(), scale.types)
        for subtype in subtypes.split(",")[: scale.subtypes]
    ]
