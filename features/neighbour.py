"""What is known of an item's neighbours: the items before and after it by name that ever sold.

Titles of a series, and editions of one title, stand beside each other in a catalogue; a new one
has no history but theirs.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.group import AFTER, BEFORE, ITEM, FeatureGroup, lags
from features.groups import ITEM_GROUP


@dataclass(frozen=True)
class Neighbour:
    """A feature of the item's group, read at a neighbour.

    Attributes:
        side: which neighbour, ``item_before`` or ``item_after``.
        of: column of the item's features.
    """

    side: str
    of: str

    @property
    def column(self) -> str:
        """The name of the column."""
        return f"{self.side}{self.of.removeprefix(ITEM_GROUP.name)}"

    @property
    def comment(self) -> str:
        """What the column says."""
        side = "before" if self.side == BEFORE else "after"
        return f"{self.of} of the item {side} this one in the order of names"


def neighbours(group: FeatureGroup) -> tuple[Neighbour, ...]:
    """Declare the last months of both neighbours."""
    columns = [group.column(feature) for feature in lags("target", 1, 2, 3)]
    return tuple(Neighbour(side, column) for side in (BEFORE, AFTER) for column in columns)


NEIGHBOURS = neighbours(ITEM_GROUP)


def with_neighbours(items: pa.Table, names: pa.ChunkedArray, sold: pa.ChunkedArray) -> pa.Table:
    """Add each item's neighbours: the nearest items that sold before, so that no later one matters.

    Args:
        items: ``[item_id, …]``, unique on the id.
        names: of the items; null: without a name, before the others.
        sold: ids of the items that sold before the target month.

    Returns:
        The rows with ``item_before`` and ``item_after``; null where there is none. Items of one
        name are in the order of their ids, shorter ones first, as counted ids are.
    """
    ids = items[ITEM].cast(pa.string())
    keys = pa.table({"name": names.cast(pa.string()).fill_null(""), "size": pc.utf8_length(ids)})
    keys = keys.append_column("id", ids)
    order = pc.sort_indices(keys, [(name, "ascending") for name in keys.column_names]).to_numpy()
    has_sold = pc.is_in(ids, pc.unique(sold).cast(pa.string())).to_numpy()[order]
    places = np.arange(len(order))
    last = np.maximum.accumulate(np.where(has_sold, places, -1))
    following = np.minimum.accumulate(np.where(has_sold, places, len(order))[::-1])[::-1]
    beside = {BEFORE: np.append(-1, last)[:-1], AFTER: np.append(following, len(order))[1:]}
    for name, place in beside.items():
        at = np.empty(len(order), np.int64)
        at[order] = np.append(order, -1)[np.where(place < 0, len(order), place)]
        items = items.append_column(name, ids.take(pa.array(at, mask=at < 0)))
    return items
