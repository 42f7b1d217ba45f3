"""Demand: how many purchases each shop may expect of each item in each month."""

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
    """The purchases to expect in one month.

    Args:
        month: the month.
        shops: int64 ``[open shops]``, ids.
        items: int64 ``[items on sale]``, ids.
        starts: float64 ``[items on sale]``, share of the month gone when the item came out.
        rates: float32 ``[open shops, items on sale]``, purchases.
    """

    month: Month
    shops: NDArray[np.int64]
    items: NDArray[np.int64]
    starts: NDArray[np.float64]
    rates: NDArray[np.float32]

    def lines(self, factor: float) -> float:
        """Return how many sales lines to expect when the rates are multiplied by a factor.

        Purchases of an item in one shop on one day make one line. A day's purchases are Poisson
        around a gamma variable, so the chance of none is that of the negative binomial law.
        """
        days = self.month.busy_days
        daily = self.rates * np.float32(factor / days)
        none = (1.0 + daily / np.float32(DISPERSION)) ** np.float32(-DISPERSION)
        return float(days * (none.size - none.sum(dtype=np.float64)))


def draw_demand(
    scale: Scale, catalogue: Catalogue, prices: Prices, rng: np.random.Generator
) -> list[MonthDemand]:
    """Draw the demand of every month, in order, for as many sales lines as the scale wants."""
    affinity = draw_affinity(catalogue, rng)
    buzz = draw_buzz(scale, rng)
    demand = [
        month_demand(month, catalogue, affinity, item_factors(month, catalogue, prices, buzz))
        for month in months_of(scale)
    ]
    return list(scaled(demand, scale.sales))


def draw_affinity(catalogue: Catalogue, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw what never changes between a shop and an item; 0 where the shop does not carry it.

    Returns:
        float32 ``[shops, items]``.
    """
    shops, items = catalogue.shops, catalogue.items
    shape = (len(shops.names), len(items.names))
    affinity = rng.standard_gamma(AFFINITY, shape, dtype=np.float32)
    affinity *= rng.random(shape, dtype=np.float32) < shops.assortments[:, None]
    affinity *= shops.tastes[:, items.categories]
    return affinity


def draw_buzz(scale: Scale, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw each item's unusual months: a first-order autoregression, as factors of demand.

    Returns:
        float64 ``[items, months]``.
    """
    shocks = rng.normal(0.0, BUZZ, (scale.items, scale.months))
    fresh = np.sqrt(1.0 - BUZZ_KEPT**2)
    for month in range(1, scale.months):
        shocks[:, month] = BUZZ_KEPT * shocks[:, month - 1] + fresh * shocks[:, month]
    return np.exp(shocks)


def item_factors(
    month: Month, catalogue: Catalogue, prices: Prices, buzz: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what makes the demand for each item in a month, whatever the shop."""
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
    """Return a month's demand, of no particular total: ``scaled`` sets that."""
    shops = catalogue.shops.open_in(month.number)
    items = catalogue.items.on_sale_in(month.number)
    starts = np.clip(catalogue.items.launches[items] - month.number, 0.0, None)
    growth = np.exp(month.number * catalogue.shops.growths[shops])
    by_shop = (catalogue.shops.sizes[shops] * growth).astype(np.float32)
    by_item = (factors[items] * (1.0 - starts)).astype(np.float32)
    rates = affinity[np.ix_(shops, items)] * by_shop[:, None] * by_item
    return MonthDemand(month, shops, items, starts, rates)


def scaled(demand: list[MonthDemand], sales: int) -> Iterator[MonthDemand]:
    """Multiply the rates of all months by the one factor that makes a number of lines likely."""
    factor = sales / sum(month.lines(1.0) for month in demand)
    for _ in range(6):
        factor *= sales / sum(month.lines(factor) for month in demand)
    for month in demand:
        yield replace(month, rates=month.rates * np.float32(factor))
