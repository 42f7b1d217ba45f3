"""Arrow batches of any size, combined into tables of a wanted size."""

from collections.abc import Iterable, Iterator

import pyarrow as pa


def rebatch(batches: Iterable[pa.RecordBatch], count: int) -> Iterator[pa.Table]:
    """Combine batches into tables of at least ``count`` rows each, except the last."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(len(part) for part in held) >= count:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)
