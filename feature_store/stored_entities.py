"""Catalogue reads in a worker: shops and items with attributes, and neighbours of items."""

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
    """Read shops and items with their attributes from the catalogue.

    Args:
        lake: the lake that has the catalogue.
        attributes: names of the attributes wanted.
        files: table path → files of silver.shops and silver.items.
        wanted: ids of the items wanted; None: all items.

    Returns:
        ``[shop_id, *attributes]`` and ``[item_id, *attributes]``.
    """
    shops = stored_rows(lake, SHOPS, files, (SHOP, "attributes"))
    keep = None if wanted is None else partial(rows_among, ids={ITEM: wanted})
    items = stored_rows(lake, ITEMS, files, (ITEM, CATEGORY, "attributes"), keep)
    return attributes.shops(shops), attributes.items(items)


def stored_neighbours(
    lake: Lake, files: Files, sold: pa.ChunkedArray, wanted: pa.Array
) -> pa.Table:
    """Find the neighbours of items in the order of names, among all items that sold.

    Memory holds the names of the whole catalogue, because all must be sorted.

    Args:
        lake: the lake that has the catalogue.
        files: table path → files of silver.items.
        sold: ids of all items that sold before the target month.
        wanted: ids of the items wanted.

    Returns:
        ``[item_id, item_before, item_after]`` of the items wanted; null where no neighbour sold.
    """
    items = stored_rows(lake, ITEMS, files, (ITEM, "name"))
    ids = pa.table({ITEM: items[ITEM].cast(TEXT)})
    beside = with_neighbours(ids, items["name"], sold)
    return beside.filter(pc.is_in(beside[ITEM], wanted))
