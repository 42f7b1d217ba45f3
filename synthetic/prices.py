"""Prices by item and month, computed from category level, item age and promotions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthetic.catalogue import Catalogue
from synthetic.scale import Scale

PROMOTED = 0.04
"""Share of the item-months in which an item is on promotion."""
PROMOTION = 0.8
"""A promotion's price relative to the usual one."""
FADING_STEPS = np.array([1.0, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5])
"""Price relative to the launch, by half-lives passed since."""
INFLATION = 0.005
"""Growth of a staple's price a month, as a logarithm."""


@dataclass(frozen=True)
class Prices:
    """The prices and promotions of all items.

    Args:
        values: float64 ``[items, months]``, currency per unit, at least 9.
        promoted: bool ``[items, months]``, true: the item is on promotion in the month.
    """

    values: NDArray[np.float64]
    promoted: NDArray[np.bool_]


def draw_prices(scale: Scale, catalogue: Catalogue, rng: np.random.Generator) -> Prices:
    """Draw the price and the promotions of every item in every month."""
    items = catalogue.items
    level = catalogue.categories.prices[items.categories] * rng.lognormal(0.0, 0.5, scale.items)
    months = np.arange(scale.months)
    age = np.clip(months - items.launches[:, None], 0.0, None)
    steps = np.minimum(2.0 * age / items.lives[:, None], len(FADING_STEPS) - 1).astype(np.int64)
    staple = np.exp(INFLATION * 6.0 * (months // 6))
    course = np.where(items.staples[:, None], staple, FADING_STEPS[steps])
    promoted = rng.random((scale.items, scale.months)) < PROMOTED
    return Prices(charm(level[:, None] * course * np.where(promoted, PROMOTION, 1.0)), promoted)


def charm(prices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round prices to charm prices, one below a round number: 49, 199, 349, 1299."""
    step = np.select([prices < 200.0, prices < 1_000.0], [10.0, 50.0], 100.0)
    rounded: NDArray[np.float64] = np.maximum(np.round(prices / step), 1.0) * step - 1.0
    return rounded
