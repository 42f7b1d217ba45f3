"""Scales: the named sizes of a sample, ``small`` and ``full``."""

from dataclasses import dataclass
from datetime import date

VERSION = 1
"""Raised whenever the same scale and seed would give other bytes."""


@dataclass(frozen=True)
class Scale:
    """The size of a sample.

    Args:
        name: the value of ``--scale``.
        start: first day of the first month.
        months: number of months, all complete.
        shops: number of shops in the catalogue.
        items: number of items in the catalogue; some never sell.
        franchises: number of series of items whose names begin alike.
        types: number of category types.
        subtypes: number of categories per type.
        sales: expected number of sales lines, without returns and blemishes.
        assortment: share of the items that a shop of relative size 1 carries, in (0, 1).
        spread: standard deviation of the log of the items' popularity.
        duplicates: number of lines that the file has twice.
        malformed: number of lines that every reader should reject.
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
        """Number of categories in the catalogue."""
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
