"""JSON objects of many pairs, joined column by column."""

import numpy as np
import orjson
import pyarrow as pa

from serving.lookup.pairs import Located
from serving.lookup.texts import BYTES, Number, join_pieces


def json_lines(located: Located, end: bytes) -> memoryview:
    """Render each pair as a JSON object (``PairForecasts``).

    Arrow joins five columns of texts, an entry per forecast: how the object of a pair begins, the
    item, what stands before the numbers, the numbers, and what stands behind them.

    Args:
        located: the pairs.
        end: text behind each object.
    """
    columns, rows = located.columns, located.rows
    # A pair without forecasts has one entry, whose text is complete in the first column.
    counts = np.maximum(rows.counts, 1)
    begins = np.cumsum(counts) - counts
    entries = np.repeat(rows.firsts - begins, counts) + np.arange(counts.sum())
    gaps = begins[rows.counts == 0]
    is_gap = np.zeros(len(entries), np.bool_)
    is_gap[gaps] = True
    shops = placed(located.shops, begins, len(entries), len(columns.shops))
    shops[gaps] = len(columns.shops) + 1 + np.arange(len(gaps))
    items = placed(located.items, begins, len(entries), len(columns.items))
    items[gaps] = len(columns.items)
    heads, tails = kind_texts(located, end)
    nothing = len(heads) - 1
    before = np.full(len(entries), nothing)
    before[~is_gap] = columns.kinds_of(entries[~is_gap]) * 2
    behind = before.copy()
    before[begins] += 1
    behind[begins + counts - 1] += 1
    before[gaps] = behind[gaps] = nothing
    return join_pieces(
        [
            pa.concat_arrays([columns.shop_openings, gap_texts(located, end)]).take(
                pa.array(shops)
            ),
            columns.item_texts.take(pa.array(items)),
            heads.take(pa.array(before)),
            columns.texts.take(pa.array(entries, mask=is_gap)),
            tails.take(pa.array(behind)),
        ]
    ).text


def placed(numbers: Number, begins: Number, count: int, other: int) -> Number:
    """Return ``[entry]`` int64: a number at the first entry of each pair, ``other`` elsewhere."""
    entries = np.full(count, other)
    entries[begins] = numbers
    return entries


def kind_texts(located: Located, end: bytes) -> tuple[pa.Array, pa.Array]:
    """Return what stands before and behind the numbers.

    Returns:
        Two arrays ``[2 · kind + 1]`` large_binary. Of each kind the text within a pair, then the
        text where a pair begins or ends; the last one is empty.
    """
    opening = b',%s"unknown":null,"forecasts":[' % located.view.provenance
    heads, tails = [], []
    for kind in located.columns.kinds:
        heads += [kind.head, opening + kind.head]
        tails += [kind.tail + b",", kind.tail + b"]}" + end]
    return pa.array([*heads, b""], BYTES), pa.array([*tails, b""], BYTES)


def gap_texts(located: Located, end: bytes) -> pa.Array:
    """Return ``[unknown pair]`` large_binary: the whole object of each pair without forecasts."""
    pairs, provenance = located.pairs, located.view.provenance
    texts = []
    for place, unknown in located.unknown.items():
        ids = {"shop_id": pairs.shop_ids[place], "item_id": pairs.item_ids[place]}
        rest = {"unknown": unknown, "forecasts": []}
        texts.append(
            b"%s,%s%s%s" % (orjson.dumps(ids)[:-1], provenance, orjson.dumps(rest)[1:], end)
        )
    return pa.array(texts, BYTES)
