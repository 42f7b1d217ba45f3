"""The sizes a sample comes in: a name from the command line into numbers."""

from dataclasses import dataclass
from datetime import date

VERSION = 1
"""Raised whenever the same scale and seed would give other bytes."""


@dataclass(frozen=True)
class Scale:
    """How much a sample holds.

    Args:
        name: what ``--scale`` calls it.
        start: first day of the first month.
        months: months, all complete.
        shops: shops in the catalogue.
        items: items in the catalogue; some never sell.
        franchises: series of items whose names begin alike.
        types: types of category.
        subtypes: categories of each type.
        sales: sales lines to expect, returns and blemishes not counted.
        assortment: share of the items that a shop of middling size carries, in (0, 1).
        spread: standard deviation of the log of an item's popularity.
        duplicates: lines that stand in the file twice.
        malformed: lines that no reader should accept.
    """

    name: str
    start: date
    months: int
    shops: int
    items: int
    franchises: int
    types: int
    subtypes: int
    sales: int
    assortment: float
    spread: float
    duplicates: int
    malformed: int

    @property
    def categories(self) -> int:
        """Categories in the catalogue."""
        return self.types * self.subtypes


SMALL = Scale(
    name="small",
    start=date(2013, 9, 1),
    months=26,
    shops=8,
    items=150,
    franchises=30,
    types=4,
    subtypes=2,
    sales=30_000,
    assortment=0.85,
    spread=1.0,
    duplicates=4,
    malformed=15,
)
FULL = Scale(
    name="full",
    start=date(2013, 1, 1),
    months=34,
    shops=60,
    items=22_170,
    franchises=3_600,
    types=12,
    subtypes=7,
    sales=2_931_000,
    assortment=0.6,
    spread=1.1,
    duplicates=12,
    malformed=60,
)
SCALES = {scale.name: scale for scale in (SMALL, FULL)}
