"""Spines: the shop × item pairs of a target month for which panel rows are wanted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.ages import AGES, ITEM_AGE, ages_of
from features.attributes import attributes_of
from features.encoding import positions
from features.group import ITEM, SHOP
from lakehouse.profile.profile import Forecast

Codes = npt.NDArray[np.int64]
Entities = Sequence[pa.Table]


@dataclass(frozen=True)
class Spine:
    """Shop × item pairs, encoded as positions in lists of distinct ids.

    Attributes:
        ids: ``shop_id``, ``item_id`` and every attribute → distinct values, text.
        codes: the names of ``ids`` → ``[row]`` int64, position in ``ids`` of each row's value.
    """

    ids: dict[str, pa.Array]
    codes: dict[str, Codes]

    def __len__(self) -> int:
        return len(self.codes[SHOP])

    def of(self, entities: Entities) -> "Spine":
        """Add attributes of shops and items to the pairs; ``unknown`` where the catalogue has none.

        Args:
            entities: tables ``[id, *attributes]`` of shops or of items, unique on the id.
        """
        ids, codes = dict(self.ids), dict(self.codes)
        for entity in entities:
            key = entity.column_names[0]
            for name, values in attributes_of(self.ids[key], entity):
                encoded = values.dictionary_encode()
                ids[name] = encoded.dictionary
                codes[name] = encoded.indices.to_numpy().astype(np.int64)[self.codes[key]]
        return Spine(ids, codes)

    def aged(self, item_features: pa.Table) -> "Spine":
        """Add the age of every row's item, ``item_age``.

        Args:
            item_features: features of the group ``item``, ``[item_id, item_sales_age_all]``.
        """
        codes = ages_of(self.ids[ITEM], item_features)[self.codes[ITEM]]
        return Spine({**self.ids, ITEM_AGE: AGES}, {**self.codes, ITEM_AGE: codes})

    def column(self, name: str) -> pa.DictionaryArray:
        """Return the value of an id or attribute for every row."""
        return pa.DictionaryArray.from_arrays(self.codes[name].astype(np.int32), self.ids[name])


def every_pair(shops: pa.Array, items: pa.Array, entities: Entities) -> Spine:
    """Make a spine of every shop with every item, ordered by item.

    Args:
        shops: distinct shop ids.
        items: distinct item ids.
        entities: ``[id, *attributes]`` of shops and of items.
    """
    shop_codes = np.tile(np.arange(len(shops)), len(items))
    item_codes = np.repeat(np.arange(len(items)), len(shops))
    return Spine({SHOP: shops, ITEM: items}, {SHOP: shop_codes, ITEM: item_codes}).of(entities)


def given_pairs(pairs: pa.Table, entities: Entities) -> Spine:
    """Make a spine of a list of pairs, in the order of the list.

    Args:
        pairs: ``[shop_id, item_id]``.
        entities: ``[id, *attributes]`` of shops and of items.
    """
    ids = {name: pc.unique(pairs[name]) for name in (SHOP, ITEM)}
    codes = {name: positions(pairs[name], texts) for name, texts in ids.items()}
    return Spine(ids, codes).of(entities)


def sold_in(cells: pa.Table, key: str) -> pa.Array:
    """Return the keys with a sale in a month, sorted.

    Args:
        cells: monthly cells of that month, ``[key, sales]``.
        key: the key column of ``cells``.
    """
    return sorted_ids(cells.filter(pc.greater(cells["sales"], 0))[key])


def active_shops(features: pa.Table, rule: Forecast) -> pa.Array:
    """Return the shops that sold recently: within ``rule.shop_active_months``.

    Args:
        features: rows of gold.features_shop, ``[shop_id, shop_sales_since_all]``, of the month
            after the cutoff.
        rule: the profile's rule of which pairs are forecast.
    """
    recent = pc.less_equal(features["shop_sales_since_all"], rule.shop_active_months)
    return sorted_ids(features.filter(recent)[SHOP])


def active_items(features: pa.Table, listed: pa.Array, rule: Forecast) -> pa.Array:
    """Return the items that sold within ``rule.item_active_months``, or were newly listed.

    Args:
        features: rows of gold.features_item, ``[item_id, item_sales_since_all]``, of the month
            after the cutoff.
        listed: ids of newly listed items, text.
        rule: the profile's rule of which pairs are forecast.
    """
    recent = pc.less_equal(features["item_sales_since_all"], rule.item_active_months)
    sold = features.filter(recent)[ITEM].cast(pa.string())
    return sorted_ids(pa.chunked_array([*sold.chunks, listed]))


def sorted_ids(ids: pa.ChunkedArray) -> pa.Array:
    """Return the distinct ids, sorted, as one text array."""
    distinct = pc.unique(ids).cast(pa.string())
    return distinct.take(pc.sort_indices(distinct))
