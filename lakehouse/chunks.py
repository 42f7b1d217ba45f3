"""Chunks: rows on their way between workers, packed by where they belong.

Spark shuffles a chunk as one value. Row by row, the shuffle of 11.5 M parsed records and their way
through the JVM took 40 s of processor time; as chunks it takes 3.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SCHEMA = pa.schema([("place", pa.string()), ("rows", pa.binary())])
DDL = "place STRING, rows BINARY"
COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")


def pack(rows: pa.Table, places: pa.Array) -> pa.RecordBatch:
    """Pack rows by place.

    Args:
        rows: any columns.
        places: the place of each row; not null.

    Returns:
        ``SCHEMA``, one row per place.
    """
    coded = places.dictionary_encode()
    order = pc.sort_indices(coded.indices)
    ends = np.cumsum(np.bincount(coded.indices.to_numpy(), minlength=len(coded.dictionary)))
    starts = [0, *ends[:-1]]
    sorted_rows = rows.take(order).combine_chunks()
    packed = [
        written(sorted_rows.slice(start, end - start))
        for start, end in zip(starts, ends, strict=True)
    ]
    return pa.record_batch([coded.dictionary, pa.array(packed, pa.binary())], schema=SCHEMA)


def written(rows: pa.Table) -> bytes:
    """Write rows as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=COMPRESSED) as stream:
        stream.write_table(rows)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def unpack(chunks: Iterable[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    """Put the rows of chunks together.

    Args:
        chunks: ``SCHEMA``.
        schema: of the rows.
    """
    packed = (value for batch in chunks for value in batch.column("rows"))
    read = [pa.ipc.open_stream(value.as_buffer()).read_all() for value in packed]
    return pa.concat_tables([schema.empty_table(), *read])


def by_place(
    chunks: Iterable[pa.RecordBatch], schema: pa.Schema, few_rows: int
) -> Iterator[pa.Table]:
    """Unpack the chunks of whole places, one after the other.

    Memory holds one place, or places next to each other that have few rows.

    Args:
        chunks: ``SCHEMA``, in the order of their places.
        schema: of the rows.
        few_rows: places are put together until they have as many.
    """
    held: list[pa.Table] = []
    place = None
    for batch in chunks:
        for at, name in enumerate(batch["place"].to_pylist()):
            if held and name != place and sum(map(len, held)) >= few_rows:
                yield pa.concat_tables(held)
                held = []
            place = name
            held.append(unpack([batch.slice(at, 1)], schema))
    if held:
        yield pa.concat_tables(held)


def chunked(
    rows: "DataFrame",
    transform: Callable[[pa.Table], pa.Table],
    places: Callable[[pa.Table], pa.Array],
) -> "DataFrame":
    """Transform rows by the workers and pack the results by place.

    Args:
        rows: any columns.
        transform: what becomes of a batch of them.
        places: the place of each resulting row.

    Returns:
        Rows of ``SCHEMA``.
    """

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            results = transform(pa.Table.from_batches([batch]))
            if len(results):
                yield pack(results, places(results))

    return rows.mapInArrow(work, DDL)
