"""Catalogue attributes of shops and items, as columns that feature groups use as keys."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from features.encoding import dictionary
from features.group import AFTER, BEFORE, CATEGORY, ITEM, NO_ITEM, SHOP
from lakehouse.profile.profile import Profile
from lakehouse.tables.silver import UNKNOWN
from lakehouse.types import TEXT


@dataclass(frozen=True)
class Attributes:
    """The names of the attributes that a profile declares for shops and items.

    Attributes:
        shop: attributes of shops.
        item: attributes of items, ``category_id`` first.
    """

    shop: tuple[str, ...]
    item: tuple[str, ...]

    @classmethod
    def of(cls, profile: Profile) -> "Attributes":
        """Return the attributes that a profile declares; items also get those of categories."""
        categories = profile.categories.attributes if profile.categories else {}
        return cls(
            tuple(sorted(profile.shops.attributes)),
            (CATEGORY, *sorted({*profile.items.attributes, *categories})),
        )

    def shops(self, rows: pa.Table) -> pa.Table:
        """Flatten rows of silver.shops to ``[shop_id, *shop]``."""
        return flatten_attributes(rows, SHOP, self.shop)

    def items(self, rows: pa.Table) -> pa.Table:
        """Flatten rows of silver.items to ``[item_id, *item]``."""
        return flatten_attributes(rows, ITEM, self.item)


def flatten_attributes(rows: pa.Table, key: str, names: Iterable[str]) -> pa.Table:
    """Turn a map of attributes into one column per attribute.

    Args:
        rows: ``[key, attributes, …]``; an attribute that is already a column is read from the
            column, any other from the map ``attributes``.
        key: the column of ids.
        names: the attributes wanted.

    Returns:
        ``[key, *names]``, text; ``unknown`` where an attribute has no value.
    """
    columns = {key: rows[key].cast(TEXT)}
    for name in names:
        has_column = name in rows.column_names
        texts = rows[name] if has_column else lookup(rows["attributes"], name)
        columns[name] = texts.cast(TEXT).fill_null(UNKNOWN)
    return pa.table(columns)


def lookup(attributes: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return the value of one attribute in each map; null where the map lacks the attribute."""
    chunks = [pc.map_lookup(chunk, pa.scalar(name), "first") for chunk in attributes.chunks]
    return pa.chunked_array(chunks, TEXT)


def with_attributes(rows: pa.Table, entities: Sequence[pa.Table]) -> pa.Table:
    """Add the present attributes of each row's shop and item.

    Args:
        rows: ``[shop_id, item_id, …]``.
        entities: tables ``[id, *attributes]`` of shops or of items, unique on the id.

    Returns:
        The rows and the attributes; ``unknown`` where the catalogue lacks the id.
    """
    for entity in entities:
        coded = dictionary(rows[entity.column_names[0]])
        for name, values in attributes_of(coded.dictionary, entity):
            rows = rows.append_column(name, values.take(coded.indices))
    return rows


def attributes_of(ids: pa.Array, entity: pa.Table) -> Iterator[tuple[str, pa.Array]]:
    """Look up the attributes of shops or of items.

    Args:
        ids: ids of shops or of items.
        entity: ``[id, *attributes]``, unique on the id.

    Yields:
        Each attribute's name and the values in the order of ``ids``; where the catalogue has no
        value, ``unknown``, or ``NO_ITEM`` for a neighbour.
    """
    key, *names = entity.column_names
    rows = pc.index_in(ids, entity[key].combine_chunks())
    for name in names:
        missing = NO_ITEM if name in (BEFORE, AFTER) else UNKNOWN
        yield name, entity[name].combine_chunks().take(rows).fill_null(missing)
