"""Spines: the shop × item pairs of a target month for which features are asked."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.encoding import positions
from features.group import CATEGORY, ITEM, SHOP, UNKNOWN_CATEGORY
from lakehouse.profile import Forecast

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Spine:
    """Pairs as codes into their distinct ids.

    Attributes:
        ids: shop_id, item_id, category_id → distinct values, text.
        codes: the same names → ``[row]`` int64, the position of each row's id.
    """

    ids: dict[str, pa.Array]
    codes: dict[str, Codes]

    def __len__(self) -> int:
        return len(self.codes[SHOP])

    def column(self, name: str) -> pa.DictionaryArray:
        """Return the ids of every row."""
        return pa.DictionaryArray.from_arrays(self.codes[name].astype(np.int32), self.ids[name])


def every_pair(shops: pa.Array, items: pa.Array, categories: pa.Table) -> Spine:
    """Cross shops with items, item by item.

    Args:
        shops: distinct ids.
        items: distinct ids.
        categories: ``[item_id, category_id]`` of the catalogue.
    """
    shop_codes = np.tile(np.arange(len(shops)), len(items))
    item_codes = np.repeat(np.arange(len(items)), len(shops))
    return with_categories(shops, items, shop_codes, item_codes, categories)


def given_pairs(pairs: pa.Table, categories: pa.Table) -> Spine:
    """Take the pairs of a list, in its order.

    Args:
        pairs: ``[shop_id, item_id]``.
        categories: ``[item_id, category_id]`` of the catalogue.
    """
    shops, items = pc.unique(pairs[SHOP]), pc.unique(pairs[ITEM])
    shop_codes, item_codes = positions(pairs[SHOP], shops), positions(pairs[ITEM], items)
    return with_categories(shops, items, shop_codes, item_codes, categories)


def with_categories(
    shops: pa.Array, items: pa.Array, shop_codes: Codes, item_codes: Codes, categories: pa.Table
) -> Spine:
    """Add each item's category, ``unknown`` where the catalogue does not have the item."""
    found = pc.index_in(items, categories[ITEM].cast(pa.string()).combine_chunks())
    of_item = pc.fill_null(categories[CATEGORY].combine_chunks().take(found), UNKNOWN_CATEGORY)
    encoded = of_item.dictionary_encode()
    of_items = encoded.indices.to_numpy().astype(np.int64)
    return Spine(
        {SHOP: shops, ITEM: items, CATEGORY: encoded.dictionary},
        {SHOP: shop_codes, ITEM: item_codes, CATEGORY: of_items[item_codes]},
    )


def sold_in(cells: pa.Table, key: str) -> pa.Array:
    """Return the keys with a sale in a month, in order.

    Args:
        cells: monthly cells of that month, ``[key, sales]``.
        key: its key column.
    """
    return sorted_ids(cells.filter(pc.greater(cells["sales"], 0))[key])


def active_shops(features: pa.Table, rule: Forecast) -> pa.Array:
    """Return the shops that sold within the rule's months before the target month.

    Args:
        features: features_shop of the target month.
        rule: the profile's.
    """
    recent = pc.less_equal(features["shop_sales_since_all"], rule.shop_active_months)
    return sorted_ids(features.filter(recent)[SHOP])


def active_items(features: pa.Table, listed: pa.Array, rule: Forecast) -> pa.Array:
    """Return the items that sold within the rule's months before the target month, or are new.

    Args:
        features: features_item of the target month.
        listed: ids of the items that were listed within the rule's months before it.
        rule: the profile's.
    """
    recent = pc.less_equal(features["item_sales_since_all"], rule.item_active_months)
    sold = features.filter(recent)[ITEM].cast(pa.string())
    return sorted_ids(pa.chunked_array([*sold.chunks, listed]))


def sorted_ids(ids: pa.ChunkedArray) -> pa.Array:
    """Return distinct ids in order, as one text array."""
    distinct = pc.unique(ids).cast(pa.string())
    return distinct.take(pc.sort_indices(distinct))
