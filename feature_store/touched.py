"""Touched keys: keys whose cells changed since a target month's features were computed."""

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
    """The change of the cells before a target month since the month's features were computed.

    Attributes:
        built: digest of the cells that the stored features were made from.
        now: digest of the cells after the change.
        keys: all keys whose cells differ between these two states.
    """

    built: str
    now: str
    keys: pa.Table


@dataclass
class Touched:
    """The known changes of cells, by group and target month.

    Changes are kept only in memory; without a known change, a build computes features of all keys.

    Attributes:
        changes: (group name, target month) → change.
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
        """Record the keys of changed cells.

        Args:
            group: the group of the cells.
            changed: month → keys whose cells changed; None: too many keys to list.
            built: target month → digest of the cells that the stored features were made from.
            before: target month → digest of the earlier cells before this change.
            after: target month → digest of the earlier cells after this change.
        """
        for target, now in after.items():
            pending = self._pending(group, target, built.get(target), before.get(target))
            lists = [pending, *(keys for month, keys in changed.items() if month < target)]
            key_lists = [keys for keys in lists if keys is not None]
            if len(key_lists) == len(lists):
                self.changes[group.name, target] = Change(built[target], now, merge_keys(key_lists))
            else:
                self.changes.pop((group.name, target), None)

    def _pending(
        self, group: FeatureGroup, target: date, built: str | None, before: str | None
    ) -> pa.Table | None:
        """Return the keys that were touched before this change; None: not known."""
        change = self.changes.get((group.name, target))
        if change is not None and (change.built, change.now) == (built, before):
            return change.keys
        none = pa.table([pa.array([], pa.string())] * len(group.keys), names=list(group.keys))
        return none if built is not None and built == before else None

    def keys(
        self, group: FeatureGroup, target: date, built: str | None, now: str
    ) -> pa.Table | None:
        """Return the keys to compute again for a target month; None: not known, compute all keys.

        Args:
            group: the group of the features.
            target: the target month.
            built: digest of the cells that the stored features were made from.
            now: digest of the present cells before the target month.
        """
        change = self.changes.get((group.name, target))
        is_known = change is not None and (change.built, change.now) == (built, now)
        return change.keys if change is not None and is_known else None


def merge_keys(lists: Sequence[pa.Table]) -> pa.Table:
    """Return the distinct keys of several lists of keys."""
    return reduce(union, lists)
