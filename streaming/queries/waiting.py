"""Feature lag: the age of the oldest change of sales or catalogue that features do not show yet.

After each look at the tables, the refresh notes the table versions that all features show. The note
is a file beside the tables, so that both queries can report the lag at any time, also while the
refresh hangs or does not run.
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
# A version number before a table's first version.
NEVER = -1

Versions = tuple[int, ...]


class Shown(BaseModel):
    """The note of the refresh.

    Attributes:
        versions: table path → the newest version whose changes all features show.
    """

    versions: dict[str, int]


@dataclass
class Waiting:
    """The changes that the refresh has not processed yet.

    Attributes:
        lake: the lake that has the tables.
        stale: stale month → versions of ``SOURCES`` when the month was last seen up to date.
        looked: versions of ``SOURCES`` at the last look; None: no look yet.
    """

    lake: Lake
    stale: dict[date, Versions] = field(default_factory=dict)
    looked: Versions | None = None

    def note(self, versions: Versions, stale: Collection[date]) -> None:
        """Note the result of a look at all months, and write the note file if the result changed.

        Args:
            versions: versions of ``SOURCES``, read before the look.
            stale: months whose cells or features are stale.
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
    """Return the age of the oldest change that features do not show yet, seconds.

    Returns:
        0: features show all changes. NaN: no refresh has looked at the lake yet.
    """
    shown = read_shown(lake)
    if shown is None:
        return float("nan")
    times = [first_change(lake, table, shown.get(table.path, NEVER)) for table in SOURCES]
    waiting = [changed for changed in times if changed is not None]
    return max(0.0, time.time() - min(waiting)) if waiting else 0.0


def read_shown(lake: Lake) -> Mapping[str, int] | None:
    """Read the note of the refresh: table path → version; None: the note is missing or damaged."""
    text = read_file(folder(lake), NOTE)
    try:
        return None if text is None else Shown.model_validate_json(text).versions
    except ValidationError:
        return None


def folder(lake: Lake) -> str:
    """Return the URI of the note's folder."""
    return f"{lake.root}/checkpoints"
