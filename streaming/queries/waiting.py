"""What waits: changes of sales and catalogue that the features do not show yet.

The refresh notes after each look at the tables which versions of them all features show. That note
lies beside the tables, so that both queries tell how long the oldest change waits whenever they
are asked, also while the refresh hangs or does not run.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from pydantic import BaseModel, ValidationError

from lakehouse.delta.commits import first_change
from lakehouse.lake import Lake
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, MONTHS, SHOPS
from lakehouse.whole_files import read_file, write_file

SOURCES = (DAILY_SALES, DAILY_OFFERS, SHOPS, ITEMS, MONTHS)
NOTE = "refresh.json"
# Before every version of a table.
NEVER = -1

Versions = tuple[int, ...]


class Shown(BaseModel):
    """The versions of tables, by path, whose changes all features show."""

    versions: dict[str, int]


@dataclass
class Waiting:
    """The changes that a refresh has still to do.

    Attributes:
        lake: where the tables are.
        stale: month → versions when its cells or features were last seen to be up to date.
        looked: versions at the last look.
    """

    lake: Lake
    stale: dict[date, Versions] = field(default_factory=dict)
    looked: Versions | None = None

    def note(self, versions: Versions, stale: Collection[date]) -> None:
        """Note a look at all months.

        Args:
            versions: of ``SOURCES``, read before the look.
            stale: months whose cells or features were not what they should be.
        """
        before = self.looked or tuple(self._shown().get(t.path, NEVER) for t in SOURCES)
        self.stale = {month: self.stale.get(month, before) for month in stale}
        self.looked = versions
        oldest = [min(each) for each in zip(versions, *self.stale.values(), strict=True)]
        shown = dict(zip((table.path for table in SOURCES), oldest, strict=True))
        if shown != self._shown():
            write_file(folder(self.lake), NOTE, Shown(versions=shown).model_dump_json().encode())

    def _shown(self) -> Mapping[str, int]:
        return read_shown(self.lake) or {}


def seconds_waiting(lake: Lake) -> float:
    """Return how long the oldest change waits for its features; 0: none does.

    NaN where no refresh has ever looked at the lake.
    """
    shown = read_shown(lake)
    if shown is None:
        return float("nan")
    times = [first_change(lake, table, shown.get(table.path, NEVER)) for table in SOURCES]
    waiting = [changed for changed in times if changed is not None]
    return max(0.0, time.time() - min(waiting)) if waiting else 0.0


def read_shown(lake: Lake) -> Mapping[str, int] | None:
    """Read the note of the refresh; None where there is none that can be read."""
    text = read_file(folder(lake), NOTE)
    try:
        return None if text is None else Shown.model_validate_json(text).versions
    except ValidationError:
        return None


def folder(lake: Lake) -> str:
    """Return the place of the note."""
    return f"{lake.root}/checkpoints"
