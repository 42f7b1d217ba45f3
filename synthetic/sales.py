"""Sales lines of one month, drawn from the month's demand: purchases, then returns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthetic.demand import DISPERSION, MonthDemand
from synthetic.prices import Prices

RETURNS = 0.003
"""Returns per sales line."""
BULK = 0.04
"""Share of the lines in which someone bought several more."""
BULK_TAIL = 1.5
"""Exponent of the Pareto law of how many more: the variance is dominated by the largest."""
BULK_MOST = 500.0
"""The most that anyone buys more."""
CARD = 0.08
"""Share of the lines sold at the price of the customer card."""
CARD_PRICE = 0.95
"""The customer card's price relative to the usual one."""
AVERAGED = 0.01
"""Share of the lines whose price is the mean of several prices, with more than two decimals."""


@dataclass(frozen=True)
class Sales:
    """The sales lines of one month as arrays with one value per line; no two lines are equal.

    Args:
        days: int64, days since the first day of the month, from 0.
        shops: int64, shop ids.
        items: int64, item ids.
        prices: float64, currency per unit, positive.
        units: int64, at least 1, or -1 for a return.
    """

    days: NDArray[np.int64]
    shops: NDArray[np.int64]
    items: NDArray[np.int64]
    prices: NDArray[np.float64]
    units: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of sales lines."""
        return len(self.days)

    def panel_rows(self) -> int:
        """Count the rows of the month's grid: shops with a sale times items with a sale."""
        return len(np.unique(self.shops)) * len(np.unique(self.items))


def draw_sales(demand: MonthDemand, prices: Prices, rng: np.random.Generator) -> Sales:
    """Draw the sales lines of a month: sales ordered by shop, item and day, then returns."""
    days, cells, units = draw_purchases(demand, rng)
    shops, items = np.divmod(cells, len(demand.items))
    units += draw_bulk(len(units), rng)
    price = prices.values[demand.items[items], demand.month.number]
    sold = Sales(
        days, demand.shops[shops], demand.items[items], draw_line_prices(price, rng), units
    )
    return with_returns(sold, demand.month.length, rng)


def draw_purchases(
    demand: MonthDemand, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Draw the purchases of a month and count the purchases by shop, item and day.

    Returns:
        Three int64 arrays with one value per (shop, item, day): days since the first day of the
        month, positions in the flattened ``demand.rates``, and purchases (at least 1).
    """
    luck = rng.standard_gamma(DISPERSION, demand.rates.shape, dtype=np.float32)
    purchases = rng.poisson(demand.rates * luck / np.float32(DISPERSION)).ravel()
    cells = np.repeat(np.arange(purchases.size), purchases)
    days = draw_days(demand, cells % len(demand.items), rng)
    lines, counts = np.unique(cells * demand.month.length + days, return_counts=True)
    cells, days = np.divmod(lines, demand.month.length)
    return days, cells, counts


def draw_days(
    demand: MonthDemand, items: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw the day of each purchase: busy days are more likely; no day precedes the launch.

    Args:
        demand: the month's demand.
        items: int64, one per purchase: position in ``demand.items``.
        rng: the random generator.

    Returns:
        int64, one per purchase: days since the first day of the month.
    """
    elapsed = demand.month.elapsed()
    launch_days = (demand.starts * demand.month.length).astype(np.int64)
    gone = np.concatenate(([0.0], elapsed))[launch_days][items]
    moments = gone + (1.0 - gone) * rng.random(len(items))
    return np.minimum(elapsed.searchsorted(moments, side="right"), demand.month.length - 1)


def draw_bulk(lines: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw the extra units of bulk purchases for each line; 0 for most lines."""
    is_bulk = rng.random(lines) < BULK
    more = np.minimum(rng.pareto(BULK_TAIL, lines) + 1.0, BULK_MOST)
    return np.where(is_bulk, more, 0.0).astype(np.int64)


def draw_line_prices(prices: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the price of each line from the item's price in the month (currency per unit)."""
    has_card = rng.random(len(prices)) < CARD
    paid = np.where(has_card, np.round(prices * CARD_PRICE, 2), prices)
    part = 1.0 / rng.choice([3, 6, 7, 9, 12], len(prices))
    is_averaged = rng.random(len(prices)) < AVERAGED
    return np.where(is_averaged, np.round(paid - part, 6), paid)


def with_returns(sold: Sales, length: int, rng: np.random.Generator) -> Sales:
    """Append returns: one unit of a sold line, at the line's price, up to ten days later.

    Returns stay in the same month. At most one line of each shop and item is returned, so that no
    two returns are equal.

    Args:
        sold: the sales of the month.
        length: number of days in the month.
        rng: the random generator.
    """
    chosen = np.sort(rng.choice(len(sold), round(RETURNS * len(sold)), replace=False))
    pairs = np.stack([sold.shops[chosen], sold.items[chosen]])
    chosen = chosen[np.unique(pairs, axis=1, return_index=True)[1]]
    days = np.minimum(sold.days[chosen] + rng.integers(11, size=len(chosen)), length - 1)
    return Sales(
        days=np.concatenate([sold.days, days]),
        shops=np.concatenate([sold.shops, sold.shops[chosen]]),
        items=np.concatenate([sold.items, sold.items[chosen]]),
        prices=np.concatenate([sold.prices, sold.prices[chosen]]),
        units=np.concatenate([sold.units, np.full(len(chosen), -1)]),
    )
