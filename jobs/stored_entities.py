"""The catalogue as a worker reads it: shops and items with their attributes."""

import pyarrow as pa

from features.attributes import Attributes
from features.feature_set import FeatureSet
from features.group import CATEGORY, ITEM, SHOP
from features.neighbour import with_neighbours
from jobs.stored_rows import Files, stored_rows
from lakehouse.lake import Lake
from lakehouse.tables.silver import ITEMS, SHOPS


def stored_entities(lake: Lake, attributes: Attributes, files: Files) -> tuple[pa.Table, pa.Table]:
    """Read ``[id, *attributes]`` of shops and of items."""
    shops = stored_rows(lake, SHOPS, files, (SHOP, "attributes"))
    items = stored_rows(lake, ITEMS, files, (ITEM, CATEGORY, "attributes"))
    return attributes.shops(shops), attributes.items(items)


def panel_entities(
    lake: Lake, features: FeatureSet, files: Files, sold: pa.ChunkedArray
) -> tuple[pa.Table, pa.Table]:
    """Read ``[id, *attributes]`` of shops and of items, with items' neighbours where asked for.

    Args:
        lake: where they are.
        features: the model's columns.
        files: of the catalogue, by table.
        sold: ids of the items that sold before the target month.
    """
    shops, items = stored_entities(lake, features.attributes, files)
    if features.neighbours:
        names = stored_rows(lake, ITEMS, files, ("name",))["name"]
        items = with_neighbours(items, names, sold)
    return shops, items
