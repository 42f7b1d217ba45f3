"""Items of a sample: names by franchise, launches, lifetimes and popularity."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from synthetic.categories import Categories
from synthetic.scale import Scale
from synthetic.vocabulary import ADJECTIVES, EDITIONS, NOUNS

STAPLES = 0.25
"""Share of the items that sell for years instead of fading after their launch."""
BEFORE = 12.0
"""Months before the first in which the oldest items came out, staples apart."""
STAPLES_BEFORE = 30.0
"""Months before the first in which the oldest staples came out."""
AFTER = 0.5
"""Months after the last in which the catalogue's newest items will come out, unsold so far."""
RARER = 1.2
"""Exponent by which launches grow rarer; 1 would keep them even."""
END_OF_LIFE = 2.35
"""Lives after which an item is taken off the shelves."""


@dataclass(frozen=True)
class Items:
    """The items as arrays with one value per item; the position is the item id.

    Args:
        names: unique and sorted; names of one franchise begin alike.
        categories: int64, category id.
        launches: float64, launch time in months since the sample's start; negative: earlier.
        lives: float64, months in which demand falls to 1/e, about a third.
        staples: bool, true: the item sells steadily instead of fading.
        popularity: float64, demand relative to other items of the same age.
    """

    names: list[str]
    categories: NDArray[np.int64]
    launches: NDArray[np.float64]
    lives: NDArray[np.float64]
    staples: NDArray[np.bool_]
    popularity: NDArray[np.float64]

    def on_sale_in(self, month: int) -> NDArray[np.int64]:
        """Return the ids of the items on sale in a month, ascending.

        Args:
            month: months since the sample's start.
        """
        ends = self.launches + END_OF_LIFE * self.lives
        return np.flatnonzero((self.launches < month + 1) & (month < ends))

    def freshness(self, month: int) -> NDArray[np.float64]:
        """Return each launched item's demand factor by age in a month, in [0, 1].

        Args:
            month: months since the sample's start.
        """
        age = np.clip(month + 0.5 - self.launches, 0.0, None)
        fading = np.exp(-age / self.lives)
        steady = 0.5 * (1.0 - np.exp(-(age + 1.0) / 3.0))
        return np.where(self.staples, steady, fading)


def draw_items(scale: Scale, categories: Categories, rng: np.random.Generator) -> Items:
    """Draw the items of a sample, numbered in the order of their names."""
    franchises = draw_franchises(scale, rng)
    item_categories = draw_item_categories(scale, franchises, rng)
    staples = rng.random(scale.items) < STAPLES
    launches = draw_launches(scale, staples, rng)
    lives = categories.lives[item_categories] * rng.lognormal(0.0, 0.4, scale.items)
    names = item_names(scale, franchises, launches, rng)
    order = np.array(sorted(range(scale.items), key=names.__getitem__))
    return Items(
        names=[names[at] for at in order],
        categories=item_categories[order],
        launches=launches[order],
        lives=np.where(staples, 3.0, 1.0)[order] * lives[order],
        staples=staples[order],
        popularity=draw_popularity(scale, franchises, rng)[order],
    )


def draw_franchises(scale: Scale, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw the franchise number of each item: a few franchises have many items, most have few."""
    weights = 1.0 / (5.0 + np.arange(scale.franchises)) ** 0.6
    return rng.choice(scale.franchises, scale.items, p=weights / weights.sum())


def draw_item_categories(
    scale: Scale, franchises: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw the category id of each item: items of one franchise share the type, not the subtype."""
    type_weights = 1.0 / (1.0 + np.arange(scale.types)) ** 0.8
    subtype_weights = 1.0 / (1.0 + np.arange(scale.subtypes)) ** 0.8
    types = rng.choice(scale.types, scale.franchises, p=type_weights / type_weights.sum())
    subtypes = rng.choice(scale.subtypes, scale.items, p=subtype_weights / subtype_weights.sum())
    return types[franchises] * scale.subtypes + subtypes


def draw_launches(
    scale: Scale, staples: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw the launch time of each item, in months since the sample's start."""
    before = np.where(staples, STAPLES_BEFORE, BEFORE)
    launches: NDArray[np.float64] = rng.random(scale.items) ** RARER
    return launches * (before + scale.months + AFTER) - before


def draw_popularity(
    scale: Scale, franchises: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw the popularity of each item; franchise and item contribute equally to an item's rank.

    Only the ranks are random; the values are fixed log-normal quantiles. So with every seed the
    best sellers have the same share of demand, and the sample has the expected size.
    """
    appeal = rng.normal(size=scale.franchises)[franchises] + rng.normal(size=scale.items)
    ranks = appeal.argsort().argsort()
    quantile = NormalDist(sigma=scale.spread).inv_cdf
    values = np.array([quantile((rank + 0.5) / scale.items) for rank in range(scale.items)])
    popularity: NDArray[np.float64] = np.exp(values)[ranks]
    return popularity


def item_names(
    scale: Scale,
    franchises: NDArray[np.int64],
    launches: NDArray[np.float64],
    rng: np.random.Generator,
) -> list[str]:
    """Return the items' names: franchise, number in the order of launch, sometimes an edition."""
    adjectives, nouns = ADJECTIVES.split(), NOUNS.split()
    pairs = rng.choice(len(adjectives) * len(nouns), scale.franchises, replace=False)
    editions = rng.integers(3 * len(EDITIONS), size=scale.items)
    released = [0] * scale.franchises
    names = [""] * scale.items
    for item in launches.argsort():
        franchise = franchises[item]
        released[franchise] += 1
        adjective, noun = divmod(pairs[franchise], len(nouns))
        number = f" {released[franchise]}" if released[franchise] > 1 else ""
        edition = EDITIONS[editions[item]] if editions[item] < len(EDITIONS) else ""
        names[item] = f"{adjectives[adjective]} {nouns[noun]}{number}{edition}"
    return names
