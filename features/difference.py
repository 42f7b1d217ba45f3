"""Difference of two states of a month's cells, as a list of keys; and set operations on keys."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.encoding import dictionary, encode, integers
from lakehouse.types import CODED


def changed_keys(before: pa.Table, after: pa.Table, keys: Sequence[str]) -> pa.Table:
    """List the keys whose row changed, appeared or disappeared.

    Args:
        before: ``[*keys, *measures]``, unique on keys: the earlier state.
        after: the later state, with the columns of ``before``.
        keys: the key columns.

    Returns:
        ``[*keys]``, dictionary-encoded.
    """
    measures = [name for name in after.column_names if name not in keys]
    both = pa.concat_tables([before.select(measures), after.select(measures)])
    sides = [encode_keys(rows.select(list(keys))) for rows in (before, after)]
    codes, distinct = encode(pa.concat_tables(sides))
    differs = np.bincount(codes, minlength=len(distinct)) != 2
    for name in measures:
        values = integers(both[name])
        first, second = (np.zeros(len(distinct), np.int64) for _ in range(2))
        first[codes[: len(before)]] = values[: len(before)]
        second[codes[len(before) :]] = values[len(before) :]
        differs |= first != second
    return distinct.filter(pa.array(differs))


def union(some: pa.Table, others: pa.Table) -> pa.Table:
    """Return the distinct keys of two lists of keys."""
    return encode(pa.concat_tables([encode_keys(some), encode_keys(others)]))[1]


def is_among(rows: pa.Table, keys: pa.Table) -> pa.Array:
    """Mark the rows whose key is in a list of keys.

    Args:
        rows: the key columns and any other columns.
        keys: the key columns, unique.

    Returns:
        ``[row]`` boolean.
    """
    names = keys.column_names
    # The distinct texts of one column rule out most rows cheaply, before all columns are compared.
    last = dictionary(rows[names[-1]])
    may_be = pc.is_in(last.dictionary, keys[names[-1]].cast(pa.string()).combine_chunks())
    is_wanted = may_be.take(last.indices).to_numpy(zero_copy_only=False)
    if len(names) > 1:
        some = rows.select(names).filter(pa.array(is_wanted))
        codes, distinct = encode(pa.concat_tables([encode_keys(keys), encode_keys(some)]))
        is_key = np.zeros(len(distinct), np.bool_)
        is_key[codes[: len(keys)]] = True
        is_wanted[is_wanted] = is_key[codes[len(keys) :]]
    return pa.array(is_wanted)


def encode_keys(keys: pa.Table) -> pa.Table:
    """Dictionary-encode every column of a list of keys."""
    return encode_columns(keys, keys.column_names)


def encode_columns(rows: pa.Table, names: Sequence[str]) -> pa.Table:
    """Dictionary-encode the named text columns of a table."""
    for name in names:
        at = rows.column_names.index(name)
        rows = rows.set_column(at, name, rows[name].cast(CODED))
    return rows
