"""The catalogue as a worker reads it: shops and items with their attributes."""

from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from feature_store.stored_rows import Files, rows_among, stored_rows
from features.attributes import Attributes
from features.group import CATEGORY, ITEM, SHOP
from features.neighbour import with_neighbours
from lakehouse.lake import Lake
from lakehouse.tables.silver import ITEMS, SHOPS
from lakehouse.types import TEXT


def stored_entities(
    lake: Lake, attributes: Attributes, files: Files, wanted: pa.Array | None = None
) -> tuple[pa.Table, pa.Table]:
    """Read ``[id, *attributes]`` of shops and of items.

    Args:
        lake: where they are.
        attributes: their names.
        files: of the catalogue, by table.
        wanted: ids of items; None: all.
    """
    shops = stored_rows(lake, SHOPS, files, (SHOP, "attributes"))
    keep = None if wanted is None else partial(rows_among, ids={ITEM: wanted})
    items = stored_rows(lake, ITEMS, files, (ITEM, CATEGORY, "attributes"), keep)
    return attributes.shops(shops), attributes.items(items)


def stored_neighbours(
    lake: Lake, files: Files, sold: pa.ChunkedArray, wanted: pa.Array
) -> pa.Table:
    """Find the neighbours of items by name, among all items that sold.

    Memory holds the names of the whole catalogue, which their order needs.

    Args:
        lake: where they are.
        files: of the catalogue, by table.
        sold: ids of all items that sold before the target month.
        wanted: ids of items.

    Returns:
        ``[item_id, item_before, item_after]`` of the items wanted.
    """
    items = stored_rows(lake, ITEMS, files, (ITEM, "name"))
    ids = pa.table({ITEM: items[ITEM].cast(TEXT)})
    beside = with_neighbours(ids, items["name"], sold)
    return beside.filter(pc.is_in(beside[ITEM], wanted))
