"""Overrides: gold.overrides, the numbers that planners put beside forecasts."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

import pyarrow as pa

from lakehouse.delta import log
from lakehouse.delta.arrow import Filters, read_table
from lakehouse.delta.numbered import append_numbered
from lakehouse.lake import Lake
from lakehouse.tables.overrides import OVERRIDES

COMMITS = "overrides"
# The API reads and writes the table in several threads; an open table of delta-rs bears one.
turn = threading.Lock()


class Cell(NamedTuple):
    """What an override is about.

    Attributes:
        shop_id: shop, aliases resolved.
        item_id: item.
        month: target month, first day.
    """

    shop_id: str
    item_id: str
    month: date


@dataclass(frozen=True)
class Override:
    """A row of gold.overrides.

    Attributes:
        shop_id: shop, aliases resolved.
        item_id: item.
        month: target month, first day.
        units: what the planner expects; None: the override is withdrawn.
        reason: reason code; None: withdrawn.
        comment: the planner's comment; None: none.
        author: holder of the key.
        recorded_at: when the override was accepted, UTC.
        version: forecast version that was served then.
        forecast: units that the version forecasts; None: the cell was not forecast.
        change: number of the commit; 0: not committed yet.
    """

    shop_id: str
    item_id: str
    month: date
    units: float | None
    reason: str | None
    comment: str | None
    author: str
    recorded_at: datetime
    version: str
    forecast: float | None
    change: int = 0

    @property
    def cell(self) -> Cell:
        """What the override is about."""
        return Cell(self.shop_id, self.item_id, self.month)


def append_overrides(lake: Lake, overrides: Sequence[Override]) -> int:
    """Append overrides to gold.overrides in one commit, and return the commit's number.

    Raises:
        ConflictError: other processes write the table all the time; try again.
    """

    def rows_of(change: int) -> pa.Table:
        rows = [asdict(replace(override, change=change)) for override in overrides]
        return pa.Table.from_pylist(rows, OVERRIDES.schema)

    with turn:
        return append_numbered(lake, OVERRIDES, COMMITS, rows_of)


def overrides_state(lake: Lake) -> str | None:
    """Return what changes with every commit to gold.overrides; None: the table does not exist."""
    with turn:
        return log.table_state(lake, OVERRIDES)


def read_overrides(lake: Lake, filters: Filters = ()) -> list[Override]:
    """Read gold.overrides by change, the oldest first; empty: the table was never written."""
    with turn:
        if not log.exists(lake, OVERRIDES):
            return []
        rows = read_table(lake, OVERRIDES, filters=filters)
    ordered = rows.sort_by([(name, "ascending") for name in ("change", *OVERRIDES.key[:3])])
    return [Override(**row) for row in ordered.to_pylist()]


def current_overrides(overrides: Iterable[Override]) -> dict[Cell, Override]:
    """Return the override of each cell that counts: the newest, unless withdrawn.

    Args:
        overrides: by change, the oldest first.
    """
    newest = {override.cell: override for override in overrides}
    return {cell: override for cell, override in newest.items() if override.units is not None}
