"""Resolution of shop aliases, and of conflicts between rows under several names of one shop."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from features.encoding import dictionary
from features.group import SHOP
from lakehouse.types import TEXT

UPDATED_AT = "updated_at"


def resolve_aliases(rows: pa.Table, shops: pa.Table) -> pa.Table:
    """Replace shop aliases in ``shop_id`` by the shop's own id.

    Args:
        rows: ``[shop_id, …]``; ``shop_id`` may be an alias.
        shops: rows of silver.shops, ``[shop_id, alias_of]`` at least.

    Returns:
        The rows, where several rows may now have the same key.
    """
    place = rows.column_names.index(SHOP)
    return rows.set_column(place, SHOP, own_ids(rows[SHOP], shops))


def newest_of_names(rows: pa.Table, shops: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Replace shop aliases in ``shop_id`` of an input's rows and keep the newest row of each key.

    Among rows updated at the same time, the row under the shop's own id is kept, otherwise the row
    under the smallest alias. The order of the rows does not matter.

    Args:
        rows: ``[*keys, …, updated_at]``, unique on ``keys``; ``shop_id`` may be an alias.
        shops: ``[shop_id, alias_of]``.
        keys: key columns, ``shop_id`` among them.

    Returns:
        The columns of ``rows``, unique on ``keys``, in no stated order.
    """
    names, own = rows[SHOP].cast(TEXT), own_ids(rows[SHOP], shops)
    renamed = rows.set_column(rows.column_names.index(SHOP), SHOP, own)
    has_names = pc.is_in(own, pc.unique(own.filter(pc.not_equal(own, names))))
    if not pc.any(has_names).as_py():
        return renamed
    texts = [renamed[name].cast(TEXT) for name in keys]
    order = pa.table(
        {
            "key": pc.binary_join_element_wise(*texts, "\0"),
            UPDATED_AT: rows[UPDATED_AT],
            "is_own": pc.equal(names, own).cast(pa.int8()),
            "name": names,
        }
    )
    last = [("key", "ascending"), (UPDATED_AT, "ascending"), ("is_own", "ascending")]
    places = pc.sort_indices(order.filter(has_names), sort_keys=[*last, ("name", "descending")])
    ordered = order.filter(has_names)["key"].take(places).combine_chunks()
    is_last = pa.concat_arrays([pc.not_equal(ordered[1:], ordered[:-1]), pa.array([True])])
    kept = renamed.filter(has_names).take(places.filter(is_last))
    return pa.concat_tables([renamed.filter(pc.invert(has_names)), kept])


def own_ids(ids: pa.ChunkedArray, shops: pa.Table) -> pa.ChunkedArray:
    """Return the shop's own id, as text, for each shop id, which may be an alias.

    Args:
        ids: shop ids; may be dictionary-encoded.
        shops: rows of silver.shops, ``[shop_id, alias_of]`` at least.
    """
    aliases = shops.filter(pc.field("alias_of").is_valid())
    names, owners = (aliases[name].cast(TEXT).combine_chunks() for name in (SHOP, "alias_of"))
    coded = dictionary(ids)
    texts = coded.dictionary.cast(TEXT)
    own = pc.coalesce(owners.take(pc.index_in(texts, names)), texts)
    return pa.chunked_array([own.take(coded.indices)])
