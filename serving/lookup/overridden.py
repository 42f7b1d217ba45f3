"""Overrides as lookups show them: beside the model's numbers of the cells that planners changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import orjson

from lakehouse.lake import Lake
from lakehouse.overrides import Override, current_overrides, overrides_state, read_overrides
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
        rows: rows of the ledger that concern the version's months; an erasure takes rows away.
        read_at: state of the ledger when it was read; None: it did not exist.
    """

    pairs: Mapping[Pair, Mapping[date, Override]] = field(default_factory=dict)
    last: int = 0
    rows: int = 0
    read_at: str | None = None

    @property
    def tag(self) -> tuple[int, int]:
        """What changes with the overrides: commits only add to the numbers, erasures take rows."""
        return self.last, self.rows

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
        before: what was read before of the same cutoff; returned if the ledger is unchanged.
        instant: the overrides of this past instant are read; None: those of now.
    """
    read_at = overrides_state(lake)
    if before is not None and before.read_at == read_at:
        return before
    if read_at is None:
        return Overridden()
    ledger = read_overrides(lake, [("month", ">", cutoff)])
    known = [o for o in ledger if instant is None or o.recorded_at <= instant]
    pairs: dict[Pair, dict[date, Override]] = {}
    for cell, override in current_overrides(known).items():
        pairs.setdefault((cell.shop_id, cell.item_id), {})[cell.month] = override
    return Overridden(pairs, max((o.change for o in known), default=0), len(known), read_at)
