"""Identity of a sale: the ``sale_id`` that two records share as versions of the same sale."""

import hashlib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.profile.sales import CONTENT, CONTENT_FIELDS, Sales
from lakehouse.values import number_text

# U+001F, the unit separator, occurs in no date, number or id.
SEPARATOR = "\x1f"
LENGTH = 32


def sale_id(values: Sequence[date | Decimal | str | None]) -> str:
    """Compute the ``sale_id`` of a sale whose record states none.

    The first 32 hexadecimal digits of the SHA-256 of the values' canonical texts, joined by
    U+001F: dates in ISO form, ids clean and before aliases, numbers without zeros at the end of
    the fraction (``399`` for 399.000), a missing price empty.

    Args:
        values: for the identity ``content``: date, shop_id, item_id, units and price, in this
            order; for a natural key: the fields in the profile's order.
    """
    return digest(SEPARATOR.join(canonical(value) for value in values).encode())


def canonical(value: date | Decimal | str | None) -> str:
    """Write a value as canonical text: equal values give equal texts."""
    if isinstance(value, Decimal):
        return number_text(value)
    return "" if value is None else str(value)


def digest(text: bytes) -> str:
    """Return the first ``LENGTH`` hexadecimal digits of a text's SHA-256."""
    return hashlib.sha256(text).hexdigest()[:LENGTH]


def identity_fields(sales: Sales) -> tuple[str, ...]:
    """List the fields that identify a sale; empty where only a stated ``sale_id`` does."""
    if sales.identity == "sale_id":
        return ()
    return CONTENT_FIELDS if sales.identity == CONTENT else sales.natural_key


def computed_ids(typed: pa.Table, sales: Sales) -> pa.Array:
    """Compute ``sale_id`` for rows whose records state none.

    Args:
        typed: the fields that identify a sale, as values.
        sales: the profile's section that names the identifying fields.

    Returns:
        An id per row; null where a field other than the price is missing, or where only a stated
        ``sale_id`` identifies a sale.
    """
    fields = identity_fields(sales)
    if not fields:
        return pa.nulls(len(typed), pa.string())
    texts = [canonical_texts(typed[name].combine_chunks(), name) for name in fields]
    joined = pc.binary_join_element_wise(*texts, SEPARATOR)
    ids = [None if text is None else digest(text) for text in joined.cast(pa.binary()).to_pylist()]
    return pa.array(ids, pa.string())


def canonical_texts(values: pa.Array, name: str) -> pa.Array:
    """Write a column's values as canonical texts; null stays null, but a null price is empty."""
    coded = values.dictionary_encode()
    texts = pa.array([canonical(value) for value in coded.dictionary.to_pylist()], pa.string())
    column = texts.take(coded.indices)
    return pc.fill_null(column, "") if name == "price" else column
