"""Shops by their own ids: what an input says of a shop under several names, as of one shop."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from features.group import SHOP

UPDATED_AT = "updated_at"


def under_own_ids(rows: pa.Table, shops: pa.Table) -> pa.Table:
    """Name the shops of an input's rows by their own ids.

    Args:
        rows: ``[shop_id, …]``, shops perhaps by other names.
        shops: ``[shop_id, alias_of]``.

    Returns:
        The rows; a key that was unique may not be any more.
    """
    place = rows.column_names.index(SHOP)
    return rows.set_column(place, SHOP, without_aliases(rows[SHOP], shops))


def newest_of_names(rows: pa.Table, shops: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Name the shops of an input's rows by their own ids, and keep one row of each key.

    Of the rows under several names of a shop the newest stays, of those of one time the one under
    the shop's own id, otherwise the one under the smallest name: whatever the order of the rows.

    Args:
        rows: ``[*keys, …, updated_at]``, unique on ``keys``, shops perhaps by other names.
        shops: ``[shop_id, alias_of]``.
        keys: shop_id and others, all in ``rows``.
    """
    names, own = rows[SHOP].cast(pa.string()), without_aliases(rows[SHOP], shops)
    renamed = rows.set_column(rows.column_names.index(SHOP), SHOP, own)
    has_names = pc.is_in(own, pc.unique(own.filter(pc.not_equal(own, names))))
    if not pc.any(has_names).as_py():
        return renamed
    texts = [renamed[name].cast(pa.string()) for name in keys]
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


def without_aliases(ids: pa.ChunkedArray, shops: pa.Table) -> pa.ChunkedArray:
    """Name shops by their own id.

    Args:
        ids: shops, perhaps by other names.
        shops: ``[shop_id, alias_of]``.
    """
    aliases = shops.filter(pc.is_valid(shops["alias_of"]))
    texts = ids.cast(pa.string())
    found = pc.index_in(texts, aliases[SHOP].cast(pa.string()).combine_chunks())
    return pc.coalesce(aliases["alias_of"].cast(pa.string()).take(found), texts)
