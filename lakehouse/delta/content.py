"""The content of rows as a digest: the same for the same rows, in any order and in any files."""

import hashlib
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def content_digest(rows: pa.Table, key: str) -> str:
    """Digest rows, whatever their order and that of the entries of their maps.

    Memory holds the rows as Arrow, a few times.

    Args:
        rows: texts, dates, and maps of texts, of which a null one counts as empty.
        key: a column of texts, unique.
    """
    hashed = hashlib.sha256()
    for texts in text_columns(rows.sort_by(key)):
        # Lengths tell where a text ends; -1: it is null.
        lengths = pc.fill_null(pc.binary_length(texts), -1)
        hashed.update(lengths.to_numpy(zero_copy_only=False).tobytes())
        hashed.update(bytes_of(pc.fill_null(texts, "")))
    return hashed.hexdigest()[:16]


def text_columns(rows: pa.Table) -> Iterator[pa.Array]:
    """Write columns as texts, of a map its entries by row, key and value."""
    for column in rows.columns:
        values = pa.concat_arrays([*column.chunks, pa.nulls(0, column.type)])
        if pa.types.is_map(values.type):
            entries = entries_of(values)
            order = [(name, "ascending") for name in entries.column_names]
            yield from text_columns(entries.sort_by(order))
        else:
            yield values.cast(pa.large_string())


def entries_of(maps: pa.MapArray) -> pa.Table:
    """Return ``[row, key, value]`` of the entries of maps."""
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
    """Return the bytes of texts one after another, as they stand in memory."""
    _, offsets, data = texts.buffers()
    begins = np.frombuffer(offsets, np.int64, len(texts) + 1, texts.offset * 8)
    return memoryview(data or b"")[begins[0] : begins[-1]]
