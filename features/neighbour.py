"""Neighbour features: sales of the items that come before and after an item in the order of names.

Only items that sold count as neighbours. Titles of a series and editions of one title have similar
names, so that a new title without sales gets the sales of earlier ones.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.group import AFTER, BEFORE, ITEM, FeatureGroup, lags
from features.groups import ITEM_GROUP


@dataclass(frozen=True)
class Neighbour:
    """A panel column that holds an item feature of a neighbour.

    Attributes:
        side: which neighbour, ``item_before`` or ``item_after``.
        of: column of the features of the group ``item``.
    """

    side: str
    of: str

    @property
    def column(self) -> str:
        """The name of the panel column."""
        return f"{self.side}{self.of.removeprefix(ITEM_GROUP.name)}"

    @property
    def comment(self) -> str:
        """The meaning of the panel column."""
        side = "before" if self.side == BEFORE else "after"
        return f"{self.of} of the item {side} this one in the order of names"


def neighbours(group: FeatureGroup) -> tuple[Neighbour, ...]:
    """Declare the target of both neighbours in the last three months.

    Args:
        group: the group of items.
    """
    columns = [group.column(feature) for feature in lags("target", 1, 2, 3)]
    return tuple(Neighbour(side, column) for side in (BEFORE, AFTER) for column in columns)


NEIGHBOURS = neighbours(ITEM_GROUP)


def with_neighbours(items: pa.Table, names: pa.ChunkedArray, sold: pa.ChunkedArray) -> pa.Table:
    """Add ``item_before`` and ``item_after``, the nearest items by name that sold, to items.

    Only items sold before the target month count, so that later additions to the catalogue change
    nothing.

    Args:
        items: ``[item_id, …]``, unique on the id.
        names: names of the items, in the order of ``items``; an item with a null name sorts first.
        sold: ids of the items that sold before the target month.

    Returns:
        The rows with ``item_before`` and ``item_after``; null where no neighbour sold. Items of
        the same name sort by id, shorter ids first, which is the numeric order of counted ids.
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
