"""sale_id: what makes two records versions of the same sale."""

import hashlib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.profile.sales import CONTENT, CONTENT_FIELDS, Sales
from lakehouse.values import number_text

# U+001F, the unit separator, which stands in no date, number or id.
SEPARATOR = "\x1f"
LENGTH = 32


def sale_id(values: Sequence[date | Decimal | str | None]) -> str:
    """Compute the identity of a sale that has no id of its own.

    The first 32 hexadecimal digits of the SHA-256 of the values' canonical texts, joined by
    U+001F: dates in ISO form, ids clean and before aliases, numbers without zeros at the end of
    the fraction (``399`` for 399.000), a missing price empty.

    Args:
        values: with the identity ``content`` date, shop_id, item_id, units and price, in this
            order; with a natural key its fields as the profile lists them.
    """
    return digest(SEPARATOR.join(canonical(value) for value in values).encode())


def canonical(value: date | Decimal | str | None) -> str:
    """Write a value in the one form that identity knows."""
    if isinstance(value, Decimal):
        return number_text(value)
    return "" if value is None else str(value)


def digest(text: bytes) -> str:
    """Digest a canonical text."""
    return hashlib.sha256(text).hexdigest()[:LENGTH]


def identity_fields(sales: Sales) -> tuple[str, ...]:
    """Name the fields that identify a sale; none where only an id of its own does."""
    if sales.identity == "sale_id":
        return ()
    return CONTENT_FIELDS if sales.identity == CONTENT else sales.natural_key


def computed_ids(typed: pa.Table, sales: Sales) -> pa.Array:
    """Compute ``sale_id`` for rows.

    Args:
        typed: the fields that identify a sale, as values.
        sales: says which fields.

    Returns:
        An id per row; null where a field other than the price is missing, or where only an id of
        its own identifies a sale.
    """
    fields = identity_fields(sales)
    if not fields:
        return pa.nulls(len(typed), pa.string())
    texts = [canonical_texts(typed[name].combine_chunks(), name) for name in fields]
    joined = pc.binary_join_element_wise(*texts, SEPARATOR)
    ids = [None if text is None else digest(text) for text in joined.cast(pa.binary()).to_pylist()]
    return pa.array(ids, pa.string())


def canonical_texts(values: pa.Array, name: str) -> pa.Array:
    """Write a column's values canonically; null stays null, but a missing price is empty."""
    coded = values.dictionary_encode()
    texts = pa.array([canonical(value) for value in coded.dictionary.to_pylist()], pa.string())
    column = texts.take(coded.indices)
    return pc.fill_null(column, "") if name == "price" else column
