"""Demand of a sample: expected purchases by shop, item and month."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from synthetic.catalogue import Catalogue
from synthetic.months import Month, months_of
from synthetic.prices import Prices
from synthetic.scale import Scale

AFFINITY = 7.0
"""Shape of the gamma law by which shops differ in what they sell of an item they carry."""
DISPERSION = 4.0
"""Shape of the gamma law by which a pair's month differs from what was to be expected."""
UPLIFT = 1.7
"""Demand under a promotion relative to without."""
BUZZ = 0.3
"""Standard deviation of the log of what makes an item's month unusual in all shops."""
BUZZ_KEPT = 0.6
"""Share of an item's buzz that is left a month later."""


@dataclass(frozen=True)
class MonthDemand:
    """The expected purchases of one month.

    Args:
        month: the month.
        shops: int64 ``[open shops]``, shop ids.
        items: int64 ``[items on sale]``, item ids.
        starts: float64 ``[items on sale]``, share of the month that had passed at the item's
            launch; 0 for items launched earlier.
        rates: float32 ``[open shops, items on sale]``, expected purchases in the month.
    """

    month: Month
    shops: NDArray[np.int64]
    items: NDArray[np.int64]
    starts: NDArray[np.float64]
    rates: NDArray[np.float32]

    def lines(self, factor: float) -> float:
        """Return the expected number of sales lines if all rates are multiplied by a factor.

        All purchases of an item in one shop on one day make one line. A day's purchases are Poisson
        with a gamma-distributed rate, so that the probability of no purchase is that of the
        negative binomial distribution.
        """
        days = self.month.busy_days
        daily = self.rates * np.float32(factor / days)
        none = (1.0 + daily / np.float32(DISPERSION)) ** np.float32(-DISPERSION)
        return float(days * (none.size - none.sum(dtype=np.float64)))


def draw_demand(
    scale: Scale, catalogue: Catalogue, prices: Prices, rng: np.random.Generator
) -> list[MonthDemand]:
    """Draw the demand of every month, in order, scaled to ``scale.sales`` expected sales lines."""
    affinity = draw_affinity(catalogue, rng)
    buzz = draw_buzz(scale, rng)
    demand = [
        month_demand(month, catalogue, affinity, item_factors(month, catalogue, prices, buzz))
        for month in months_of(scale)
    ]
    return list(scaled(demand, scale.sales))


def draw_affinity(catalogue: Catalogue, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw the constant demand factor of each shop and item.

    Returns:
        float32 ``[shops, items]``; 0: the shop does not carry the item.
    """
    shops, items = catalogue.shops, catalogue.items
    shape = (len(shops.names), len(items.names))
    affinity = rng.standard_gamma(AFFINITY, shape, dtype=np.float32)
    affinity *= rng.random(shape, dtype=np.float32) < shops.assortments[:, None]
    affinity *= shops.tastes[:, items.categories]
    return affinity


def draw_buzz(scale: Scale, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw each item's monthly demand factor common to all shops, a log-normal AR(1) process.

    Returns:
        float64 ``[items, months]``, around 1.
    """
    shocks = rng.normal(0.0, BUZZ, (scale.items, scale.months))
    fresh = np.sqrt(1.0 - BUZZ_KEPT**2)
    for month in range(1, scale.months):
        shocks[:, month] = BUZZ_KEPT * shocks[:, month - 1] + fresh * shocks[:, month]
    return np.exp(shocks)


def item_factors(
    month: Month, catalogue: Catalogue, prices: Prices, buzz: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the demand factor of each item in a month that is the same in all shops.

    Returns:
        float64 ``[items]``: popularity × freshness × buzz × promotion × season and trend.
    """
    items, categories = catalogue.items, catalogue.categories
    season = month.season**categories.seasons * np.exp(month.number * categories.trends)
    promotion = np.where(prices.promoted[:, month.number], UPLIFT, 1.0)
    course = items.popularity * items.freshness(month.number) * buzz[:, month.number]
    factors: NDArray[np.float64] = course * promotion * season[items.categories]
    return factors


def month_demand(
    month: Month,
    catalogue: Catalogue,
    affinity: NDArray[np.float32],
    factors: NDArray[np.float64],
) -> MonthDemand:
    """Return a month's demand up to a constant factor, which ``scaled`` sets."""
    shops = catalogue.shops.open_in(month.number)
    items = catalogue.items.on_sale_in(month.number)
    starts = np.clip(catalogue.items.launches[items] - month.number, 0.0, None)
    growth = np.exp(month.number * catalogue.shops.growths[shops])
    by_shop = (catalogue.shops.sizes[shops] * growth).astype(np.float32)
    by_item = (factors[items] * (1.0 - starts)).astype(np.float32)
    rates = affinity[np.ix_(shops, items)] * by_shop[:, None] * by_item
    return MonthDemand(month, shops, items, starts, rates)


def scaled(demand: list[MonthDemand], sales: int) -> Iterator[MonthDemand]:
    """Multiply all rates by the one factor that gives an expected number of sales lines."""
    factor = sales / sum(month.lines(1.0) for month in demand)
    for _ in range(6):
        factor *= sales / sum(month.lines(factor) for month in demand)
    for month in demand:
        yield replace(month, rates=month.rates * np.float32(factor))
