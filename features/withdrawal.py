"""Withdrawal: shops that have closed and items that were delisted, which are not forecast."""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.tables.inputs import DELISTINGS, SHOP_DATES, Input


@dataclass(frozen=True)
class Withdrawal:
    """A reason not to forecast.

    Attributes:
        source: the input that says so.
        ends_on: its column with the last day.
        reason: what a user is told.
    """

    source: Input
    ends_on: str
    reason: str

    @property
    def key(self) -> str:
        """What is withdrawn: shop_id or item_id."""
        return self.source.keys[0]

    def gone(self, rows: pa.Table, month: date) -> pa.Array:
        """Return the ids whose last day lies before a month.

        Args:
            rows: ``[key, ends_on]`` of the input, shops by their own ids; of a shop with several
                names all rows, which end before the month each.
            month: target month.
        """
        ids = rows[self.key].cast(pa.string())
        is_gone = pc.fill_null(pc.less(rows[self.ends_on], pa.scalar(month, pa.date32())), False)
        still_there = pc.unique(ids.filter(pc.invert(is_gone)))
        return without(pc.unique(ids.filter(is_gone)), still_there)


WITHDRAWALS = (
    Withdrawal(SHOP_DATES, "closed_on", "shop closed"),
    Withdrawal(DELISTINGS, "delisted_on", "item delisted"),
)


def without(ids: pa.Array, gone: pa.Array) -> pa.Array:
    """Leave out some ids."""
    return ids.filter(pc.invert(pc.is_in(ids, gone)))
