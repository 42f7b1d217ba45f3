"""What the catalogue says of shops and items, as columns that groups can have as keys."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from features.encoding import dictionary
from features.group import AFTER, BEFORE, CATEGORY, ITEM, NO_ITEM, SHOP, UNKNOWN
from lakehouse.profile.profile import Profile
from lakehouse.types import TEXT


@dataclass(frozen=True)
class Attributes:
    """The names of what is known of shops and of items, as a profile derives it.

    Attributes:
        shop: of shops.
        item: of items, their category first.
    """

    shop: tuple[str, ...]
    item: tuple[str, ...]

    @classmethod
    def of(cls, profile: Profile) -> "Attributes":
        """Return the attributes that a profile declares; an item has its category's too."""
        categories = profile.categories.attributes if profile.categories else {}
        return cls(
            tuple(sorted(profile.shops.attributes)),
            (CATEGORY, *sorted({*profile.items.attributes, *categories})),
        )

    def shops(self, rows: pa.Table) -> pa.Table:
        """Flatten rows of silver.shops to ``[shop_id, *shop]``."""
        return flattened(rows, SHOP, self.shop)

    def items(self, rows: pa.Table) -> pa.Table:
        """Flatten rows of silver.items to ``[item_id, *item]``."""
        return flattened(rows, ITEM, self.item)


def flattened(rows: pa.Table, key: str, names: Iterable[str]) -> pa.Table:
    """Make columns of attributes.

    Args:
        rows: ``[key, attributes, …]``, a name among the columns being taken from there.
        key: the column of ids.
        names: the attributes wanted.

    Returns:
        ``[key, *names]``, text; ``unknown`` where there is no value.
    """
    columns = {key: rows[key].cast(TEXT)}
    for name in names:
        has_column = name in rows.column_names
        found = rows[name] if has_column else lookup(rows["attributes"], name)
        columns[name] = found.cast(TEXT).fill_null(UNKNOWN)
    return pa.table(columns)


def lookup(attributes: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return the value that each map has under a name; null: it has none."""
    chunks = [pc.map_lookup(chunk, pa.scalar(name), "first") for chunk in attributes.chunks]
    return pa.chunked_array(chunks, TEXT)


def with_attributes(rows: pa.Table, entities: Sequence[pa.Table]) -> pa.Table:
    """Add the present attributes of each row's shop and item.

    Args:
        rows: ``[shop_id, item_id, …]``.
        entities: ``[id, *attributes]`` each, unique on the id.

    Returns:
        The rows and the attributes, ``unknown`` where the catalogue does not have the id.
    """
    for entity in entities:
        coded = dictionary(rows[entity.column_names[0]])
        for name, values in attributes_of(coded.dictionary, entity):
            rows = rows.append_column(name, values.take(coded.indices))
    return rows


def attributes_of(ids: pa.Array, entity: pa.Table) -> Iterator[tuple[str, pa.Array]]:
    """Look up what is known of ids.

    Args:
        ids: of shops or items.
        entity: ``[id, *attributes]``, unique on the id.

    Yields:
        Each attribute's name and its values in the order of the ids: ``unknown``, or of a
        neighbour ``NO_ITEM``, for an id that has none.
    """
    key, *names = entity.column_names
    found = pc.index_in(ids, entity[key].combine_chunks())
    for name in names:
        missing = NO_ITEM if name in (BEFORE, AFTER) else UNKNOWN
        yield name, entity[name].combine_chunks().take(found).fill_null(missing)
