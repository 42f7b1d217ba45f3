"""Known ids: the shops and items in a lake, and the pairs of a list with unknown ids."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pyspark.sql import DataFrame, SparkSession

from features.feature_set import FeatureSet
from features.group import ITEM, SHOP
from features.tables import monthly_table
from lakehouse.delta import rows
from lakehouse.lake import Lake
from lakehouse.tables.silver import ITEMS, SHOPS

# Key, shop_id or item_id → a frame with only the key's column, unique.
Known: TypeAlias = Mapping[str, DataFrame]
LISTS = {SHOP: SHOPS, ITEM: ITEMS}
MOST_NAMED = 5


def known_ids(spark: SparkSession, lake: Lake, features: FeatureSet) -> Known:
    """Collect the ids of shops and items that the catalogue lists or that were ever sold."""
    groups = {group.keys: group for group in features.groups}

    def ids(key: str) -> DataFrame:
        listed = rows.read(spark, lake, LISTS[key]).select(key)
        sold = rows.read(spark, lake, monthly_table(groups[key,])).select(key)
        return listed.union(sold).distinct()

    return {key: ids(key) for key in LISTS}


def of_known(pairs: DataFrame, known: Known) -> DataFrame:
    """Keep the pairs whose shop and item are known.

    Args:
        pairs: ``[shop_id, item_id, …]``.
        known: the known ids, as ``known_ids`` returns.
    """
    for key, ids in known.items():
        pairs = pairs.join(ids, on=key, how="left_semi")
    return pairs


@dataclass(frozen=True)
class UnknownIds:
    """The pairs of a list that have an unknown shop or item.

    Attributes:
        pairs: number of pairs.
        shop_id: the first unknown shops, at most five.
        item_id: the first unknown items, at most five.
    """

    pairs: int
    shop_id: list[str]
    item_id: list[str]


def unknown_ids(pairs: DataFrame, known: Known) -> UnknownIds | None:
    """Count the pairs with an unknown shop or item; None: all ids are known.

    Args:
        pairs: ``[shop_id, item_id, …]``.
        known: the known ids, as ``known_ids`` returns.
    """
    shops, items = (
        first_few(pairs.join(known[key], on=key, how="left_anti"), key) for key in (SHOP, ITEM)
    )
    if not shops and not items:
        return None
    return UnknownIds(pairs.count() - of_known(pairs, known).count(), shops, items)


def first_few(unknown: DataFrame, key: str) -> list[str]:
    """Return the first five distinct ids of a key, in order."""
    ids = unknown.select(key).distinct().orderBy(key).limit(MOST_NAMED)
    return [row[key] for row in ids.collect()]
