"""Shops of a sample: names, sizes, assortments, tastes and opening months."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthetic.scale import Scale
from synthetic.vocabulary import CITIES, VENUES

PERMANENT = 0.52
"""Share of the shops that are open throughout: 45 of 1C's 60 are open in a usual month."""


@dataclass(frozen=True)
class Shops:
    """The shops as arrays with one value per shop; the position is the shop id.

    Args:
        names: sorted; each begins with the shop's city.
        sizes: float64, demand relative to a shop of size 1.
        growths: float64, log growth of demand per month.
        assortments: float64, share of the items that the shop carries, in (0, 1).
        tastes: float64 ``[shops, categories]``, demand for the category relative to the median
            shop.
        opens: int64, first month with sales, in months since the sample's start.
        closes: int64, first month after closing, in months since the sample's start.
    """

    names: list[str]
    sizes: NDArray[np.float64]
    growths: NDArray[np.float64]
    assortments: NDArray[np.float64]
    tastes: NDArray[np.float64]
    opens: NDArray[np.int64]
    closes: NDArray[np.int64]

    def open_in(self, month: int) -> NDArray[np.int64]:
        """Return the ids of the shops open in a month, ascending.

        Args:
            month: months since the sample's start.
        """
        return np.flatnonzero((self.opens <= month) & (month < self.closes))


def draw_shops(scale: Scale, rng: np.random.Generator) -> Shops:
    """Draw the shops of a sample, numbered in the order of their names."""
    opens, closes = opening_months(scale, rng)
    sizes = rng.permutation(np.exp(np.linspace(-0.8, 1.3, scale.shops)))
    odds = scale.assortment / (1.0 - scale.assortment) * sizes**0.7
    return Shops(
        names=shop_names(scale, rng),
        sizes=sizes,
        growths=rng.normal(0.0, 0.006, scale.shops),
        assortments=odds / (1.0 + odds),
        tastes=rng.lognormal(0.0, 0.35, (scale.shops, scale.categories)),
        opens=opens,
        closes=closes,
    )


def opening_months(
    scale: Scale, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw each shop's opening and closing month; about half the shops are open throughout.

    The remaining shops either open or close within the sample.

    Returns:
        int64 ``[shops]`` first month open, and int64 ``[shops]`` first month closed, in months
        since the sample's start.
    """
    shops = rng.permutation(scale.shops)
    permanent = round(PERMANENT * scale.shops)
    opening, closing = np.array_split(shops[permanent:], 2)
    span = (scale.months // 6, scale.months - scale.months // 6)
    opens = np.zeros(scale.shops, dtype=np.int64)
    closes = np.full(scale.shops, scale.months, dtype=np.int64)
    opens[opening] = np.linspace(*span, len(opening)).astype(np.int64)
    closes[closing] = np.linspace(*span, len(closing)).astype(np.int64)
    return opens, closes


def shop_names(scale: Scale, rng: np.random.Generator) -> list[str]:
    """Draw the sorted names of the shops, on average two or three per city."""
    cities = CITIES.split()[: -(-scale.shops * 2 // 5)]
    names = [f"{city} {venue}" for city in cities for venue in VENUES]
    return sorted(names[at] for at in rng.choice(len(names), scale.shops, replace=False))
