"""Withdrawals: closed shops and delisted items, which are not forecast."""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.tables.inputs import DELISTINGS, SHOP_DATES, Input


@dataclass(frozen=True)
class Withdrawal:
    """A reason not to forecast a shop or an item.

    Attributes:
        source: the input that lists last days.
        ends_on: the input's column with the last day.
        reason: the reason as shown to users.
    """

    source: Input
    ends_on: str
    reason: str

    @property
    def key(self) -> str:
        """The column of withdrawn ids: ``shop_id`` or ``item_id``."""
        return self.source.keys[0]

    def gone(self, rows: pa.Table, month: date) -> pa.Array:
        """Return the ids whose last day is before a target month.

        A shop with several rows, one per name, is gone only if every row ends before the month.

        Args:
            rows: ``[key, ends_on]`` of the input, shop aliases resolved; null: no last day.
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
    """Return the ids that are not in ``gone``."""
    return ids.filter(pc.invert(pc.is_in(ids, gone)))
