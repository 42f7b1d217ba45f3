"""Touched keys: whose cells changed since the features of a target month were computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce

import pyarrow as pa

from features.difference import union
from features.group import FeatureGroup

Digests = Mapping[date, str]


@dataclass(frozen=True)
class Change:
    """What happened to the cells before a target month since its features were computed.

    Attributes:
        built: digest of the cells that the stored features were made from.
        now: digest of the cells as they are after the change.
        keys: all the keys whose cells differ between the two.
    """

    built: str
    now: str
    keys: pa.Table


@dataclass
class Touched:
    """The changes known, by group and target month.

    Kept in memory only: where a change is not known, features are computed for all keys.
    """

    changes: dict[tuple[str, date], Change] = field(default_factory=dict)

    def note(
        self,
        group: FeatureGroup,
        changed: Mapping[date, pa.Table | None],
        built: Digests,
        before: Digests,
        after: Digests,
    ) -> None:
        """Take note of changed cells.

        Args:
            group: whose cells they are.
            changed: month → the keys that differ; None: too many to tell.
            built: target month → digest of the cells that its stored features were made from.
            before: target month → digest of its cells before this change.
            after: the same after this change.
        """
        for target, now in after.items():
            pending = self._pending(group, target, built.get(target), before.get(target))
            lists = [pending, *(keys for month, keys in changed.items() if month < target)]
            known = [keys for keys in lists if keys is not None]
            if len(known) == len(lists):
                self.changes[group.name, target] = Change(built[target], now, merged(known))
            else:
                self.changes.pop((group.name, target), None)

    def _pending(
        self, group: FeatureGroup, target: date, built: str | None, before: str | None
    ) -> pa.Table | None:
        """Return the keys that differed before this change; None: not known."""
        change = self.changes.get((group.name, target))
        if change is not None and (change.built, change.now) == (built, before):
            return change.keys
        none = pa.table([pa.array([], pa.string())] * len(group.keys), names=list(group.keys))
        return none if built is not None and built == before else None

    def keys(
        self, group: FeatureGroup, target: date, built: str | None, now: str
    ) -> pa.Table | None:
        """Return the keys to compute again for a target month; None: not known, so all.

        Args:
            group: whose features they are.
            target: the month.
            built: digest of the cells that its stored features were made from.
            now: digest of its cells as they are.
        """
        change = self.changes.get((group.name, target))
        is_known = change is not None and (change.built, change.now) == (built, now)
        return change.keys if change is not None and is_known else None


def merged(lists: Sequence[pa.Table]) -> pa.Table:
    """Put lists of keys together, each key once."""
    return reduce(union, lists)
