"""Answers about many pairs at once, as JSON, NDJSON or an Arrow stream."""

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from serving.lookup.bulk_json import json_lines
from serving.lookup.byte_queue import ByteQueue
from serving.lookup.frames import SCHEMA, PairRows, forecast_frame
from serving.lookup.pairs import Located
from serving.lookup.view import View

JSON, NDJSON = "application/json", "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"
Block: TypeAlias = bytes | memoryview
FRAME = pa.schema(
    [("pair", pa.int32()), ("unknown", pa.string()), *(f.with_nullable(True) for f in SCHEMA)]
)


def arrow_frame(located: Located, first: int) -> pa.RecordBatch:
    """Return the forecasts of pairs as rows, a row of nulls for each pair without forecasts.

    Args:
        located: the pairs.
        first: place of the first pair in the request.

    Returns:
        ``pair``: place of the pair in the request, from 0; ``unknown``: what of the pair is
        unknown, null: nothing; and the columns of a forecast.
    """
    rows, pairs = located.rows, located.pairs
    wanted = PairRows.of_rows(rows, located.shops, located.items)
    frame = forecast_frame(located.view, located.columns, wanted)
    counts = np.maximum(rows.counts, 1)
    places = pa.array(np.repeat(np.arange(len(pairs)), counts))
    unknown = {place: ",".join(names) for place, names in located.unknown.items()}
    shops = [located.view.snapshot.shops.resolve(shop_id) for shop_id in pairs.shop_ids]
    is_gap = np.repeat(rows.counts == 0, counts)
    taken = frame.take(pa.array(np.cumsum(~is_gap) - 1, mask=is_gap))
    arrays = {
        **dict(zip(taken.schema.names, taken.columns, strict=True)),
        "shop_id": pa.array(shops, pa.string()).take(places),
        "item_id": pa.array(pairs.item_ids, pa.string()).take(places),
        "pair": pa.array(places.to_numpy() + first, pa.int32()),
        "unknown": pa.array([unknown.get(n) for n in range(len(pairs))], pa.string()).take(places),
    }
    return pa.RecordBatch.from_arrays([arrays[name] for name in FRAME.names], schema=FRAME)


def render_json(view: View, blocks: Iterator[Located]) -> Iterator[Block]:
    """Render a JSON object (``Predictions``)."""
    opening = b'{%s"predictions":[' % view.provenance
    for located in blocks:
        yield opening
        yield json_lines(located, b",")[:-1]
        opening = b","
    yield b"]}"


def render_ndjson(_view: View, blocks: Iterator[Located]) -> Iterator[Block]:
    """Render a line per pair."""
    for located in blocks:
        yield json_lines(located, b"\n")


def render_arrow(_view: View, blocks: Iterator[Located]) -> Iterator[Block]:
    """Render an Arrow IPC stream."""
    sink, first = ByteQueue(), 0
    with pa.ipc.new_stream(sink, FRAME) as writer:
        for located in blocks:
            writer.write_batch(arrow_frame(located, first))
            first += len(located.pairs)
            yield sink.take()
    yield sink.take()


RENDERERS = {JSON: render_json, NDJSON: render_ndjson, ARROW: render_arrow}
MEDIA_TYPES = tuple(RENDERERS)
