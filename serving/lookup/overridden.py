"""Overrides as lookups show them: beside the model's numbers of the cells that planners changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import orjson

from lakehouse.lake import Lake
from lakehouse.overrides import Override, current_overrides, last_change, read_overrides
from serving.lookup.columns import Columns

Pair = tuple[str, str]
MEMBERS = ("units", "reason", "comment", "author", "recorded_at")
NOTHING: Mapping[int, bytes] = {}


@dataclass(frozen=True)
class Overridden:
    """The overrides that count beside one version.

    Attributes:
        pairs: shop and item → target month → override.
        last: number of the newest commit that concerns the version's months; 0: there is none.
        read_at: number of the newest commit of the ledger when it was read.
    """

    pairs: Mapping[Pair, Mapping[date, Override]] = field(default_factory=dict)
    last: int = 0
    read_at: int = 0

    def texts_of(self, columns: Columns, pair: Pair, rows: Sequence[int]) -> Mapping[int, bytes]:
        """Return row → the override as a JSON object, of those rows of a pair that have one."""
        months = self.pairs.get(pair)
        if months is None:
            return NOTHING
        overrides = {row: months.get(columns.kind_of(row).month) for row in rows}
        return {row: text_of(override) for row, override in overrides.items() if override}

    def rows_in(self, columns: Columns) -> Mapping[int, Override]:
        """Return row of columns → override, of all rows that have one."""
        return {
            row: override
            for pair, months in self.pairs.items()
            for row in columns.rows_of(*pair)
            if (override := months.get(columns.kind_of(row).month)) is not None
        }


def text_of(override: Override) -> bytes:
    """Write an override as a JSON object."""
    members = {name: getattr(override, name) for name in MEMBERS}
    return orjson.dumps(members, option=orjson.OPT_UTC_Z)


def read_overridden(
    lake: Lake, cutoff: date, before: Overridden | None = None, instant: datetime | None = None
) -> Overridden:
    """Read the overrides that count beside a version.

    Args:
        lake: the lake that has the ledger.
        cutoff: of the version; overrides of later months are read.
        before: what was read before; returned if nothing was added since and the cutoff is the
            same.
        instant: the overrides of this past instant are read; None: those of now.
    """
    read_at = last_change(lake)
    if before is not None and before.read_at == read_at:
        return before
    if not read_at:
        return Overridden()
    ledger = read_overrides(lake, [("month", ">", cutoff)])
    known = [o for o in ledger if instant is None or o.recorded_at <= instant]
    pairs: dict[Pair, dict[date, Override]] = {}
    for cell, override in current_overrides(known).items():
        pairs.setdefault((cell.shop_id, cell.item_id), {})[cell.month] = override
    return Overridden(pairs, max((o.change for o in known), default=0), read_at)
