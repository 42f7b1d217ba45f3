"""Content digest of rows: equal for equal rows, in any order and any files."""

import hashlib
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def content_digest(rows: pa.Table, key: str) -> str:
    """Digest rows, ignoring the order of rows and of map entries.

    Memory holds the rows a few times over, as Arrow.

    Args:
        rows: columns of texts, dates and maps of texts; a null map counts as an empty map.
        key: name of a text column with unique values, by which rows are sorted.

    Returns:
        16 hexadecimal digits.
    """
    hashed = hashlib.sha256()
    for texts in text_columns(rows.sort_by(key)):
        # Lengths mark where each text ends, so that "ab", "c" differs from "a", "bc"; -1: null.
        lengths = pc.fill_null(pc.binary_length(texts), -1)
        hashed.update(lengths.to_numpy(zero_copy_only=False).tobytes())
        hashed.update(bytes_of(pc.fill_null(texts, "")))
    return hashed.hexdigest()[:16]


def text_columns(rows: pa.Table) -> Iterator[pa.Array]:
    """Yield each column as texts; a map column as row, key and value columns of its entries."""
    for column in rows.columns:
        values = pa.concat_arrays([*column.chunks, pa.nulls(0, column.type)])
        if pa.types.is_map(values.type):
            entries = entries_of(values)
            order = [(name, "ascending") for name in entries.column_names]
            yield from text_columns(entries.sort_by(order))
        else:
            yield values.cast(pa.large_string())


def entries_of(maps: pa.MapArray) -> pa.Table:
    """Return the entries of a map array as ``[row, key, value]``, ``row`` counting from 0."""
    offsets = maps.offsets.to_numpy()
    lengths = np.diff(offsets)
    entries = slice(offsets[0], offsets[-1])
    return pa.table(
        {
            "row": np.repeat(np.arange(len(maps)), lengths),
            "key": maps.keys[entries],
            "value": maps.items[entries],
        }
    )


def bytes_of(texts: pa.LargeStringArray) -> memoryview:
    """Return the bytes of consecutive texts without copying them."""
    _, offsets, data = texts.buffers()
    begins = np.frombuffer(offsets, np.int64, len(texts) + 1, texts.offset * 8)
    return memoryview(data or b"")[begins[0] : begins[-1]]
