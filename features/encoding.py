"""Encoding of keys as whole numbers: a dense code per row, and the table of distinct keys."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.types import value_type

Codes = npt.NDArray[np.int64]


def encode(keys: pa.Table) -> tuple[Codes, pa.Table]:
    """Assign a code to every distinct row of key columns.

    Args:
        keys: text columns without nulls, plain or dictionary-encoded.

    Returns:
        ``[row]`` int64 codes from 0; and the distinct keys in the order of their codes, with
        dictionary-encoded columns.
    """
    columns = [dictionary(keys[name]) for name in keys.column_names]
    combined = np.zeros(len(keys), np.int64)
    for column in columns:
        combined = combined * max(len(column.dictionary), 1) + column.indices.to_numpy()
    _, rows, codes = np.unique(combined, return_index=True, return_inverse=True)
    distinct = [column.take(pa.array(rows)) for column in columns]
    return codes.astype(np.int64), pa.table(distinct, names=keys.column_names)


def dictionary(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return a column as one dictionary-encoded array."""
    if len(column) == 0:
        return pa.array([], value_type(column.type)).dictionary_encode()
    encoded = column.dictionary_encode().unify_dictionaries().combine_chunks()
    return encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded


def positions(values: pa.ChunkedArray, known: pa.Array) -> Codes:
    """Return the position of each value in ``known``; -1 where ``known`` lacks the value."""
    column = dictionary(values)
    places = pc.index_in(column.dictionary, known).fill_null(-1).to_numpy()
    indices: Codes = np.append(places, -1)[column.indices.to_numpy()].astype(np.int64)
    return indices


def integers(column: pa.ChunkedArray) -> Codes:
    """Return whole numbers, or decimals times ten to the power of their scale, as int64.

    The low 64 bits of a 128-bit decimal are the whole value if the value fits into 64 bits, as
    the stored sums do.
    """
    if not pa.types.is_decimal(column.type):
        whole: Codes = column.to_numpy().astype(np.int64)
        return whole
    arrays = [low_words(chunk) for chunk in column.chunks]
    return np.concatenate(arrays) if arrays else np.zeros(0, np.int64)


def low_words(array: pa.Array) -> Codes:
    """Return the low 64 bits of a 128-bit decimal array."""
    words = np.frombuffer(array.buffers()[1], np.int64)
    low: Codes = words[0::2][array.offset : array.offset + len(array)]
    return low
