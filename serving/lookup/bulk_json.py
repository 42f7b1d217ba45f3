"""JSON objects of many pairs, gathered from texts that are there already."""

from dataclasses import dataclass

import numpy as np
import orjson
import pyarrow as pa

from serving.lookup.columns import Columns
from serving.lookup.kinds import with_override
from serving.lookup.overridden import text_of
from serving.lookup.pairs import Located
from serving.lookup.texts import BYTES, Joined, Number
from serving.lookup.view import View


@dataclass(frozen=True)
class FixedTexts:
    """The texts that objects of a view have in common.

    Attributes:
        texts: large_binary, one after the other: of each shop how the object of a pair begins;
            of each kind what stands before the numbers of a pair's first month, and of a later
            month; what stands behind the numbers before a later month, and at a pair's end.
        shops: number of shops.
        kinds: number of kinds.
    """

    texts: pa.Array
    shops: int
    kinds: int

    @classmethod
    def of(cls, view: View, columns: Columns, end: bytes) -> "FixedTexts":
        """Write the texts of a view, with ``end`` behind each object."""
        kinds = columns.kinds
        opening = b',%s"unknown":null,"forecasts":[' % view.provenance
        texts = [
            *(b'{"shop_id":%s,"item_id":' % orjson.dumps(shop) for shop in columns.shops),
            *(opening + kind.head for kind in kinds),
            *(kind.head for kind in kinds),
            *(kind.tail + b"," for kind in kinds),
            *(kind.tail + b"]}" + end for kind in kinds),
        ]
        return cls(pa.array(texts, BYTES), len(columns.shops), len(kinds))


def fixed_texts(view: View, columns: Columns, end: bytes) -> FixedTexts:
    """Return the texts that objects have in common; those of a whole version are kept."""
    if columns is not view.snapshot.forecasts:
        return FixedTexts.of(view, columns, end)
    if end not in view.kept:
        view.kept[end] = FixedTexts.of(view, columns, end)
    kept = view.kept[end]
    assert isinstance(kept, FixedTexts)
    return kept


def json_lines(located: Located, end: bytes) -> memoryview:
    """Render each pair as a JSON object (``PairForecasts``).

    Arrow gathers the pieces of all objects from one array of texts, and puts them one behind the
    other: that copies the answer once.

    Args:
        located: the pairs.
        end: text behind each object.
    """
    columns, rows = located.columns, located.rows
    fixed = fixed_texts(located.view, columns, end)
    is_known = rows.counts > 0
    pool = pa.concat_arrays(
        [
            fixed.texts,
            columns.item_texts.take(pa.array(np.where(is_known, located.items, 0))),
            columns.texts.take(pa.array(rows.numbers)),
            gap_texts(located, end),
        ]
    )
    placed = place_pieces(located, fixed)
    overrides = place_overrides(located, fixed, placed, Place(len(pool), end))
    pool = pa.concat_arrays([pool, overrides]) if len(overrides) else pool
    return Joined(pool.take(pa.array(placed.pieces))).text


@dataclass(frozen=True)
class Placed:
    """The pieces of objects.

    Attributes:
        pieces: ``[piece]`` int64: places in the pool.
        tails: ``[row]`` int64: which piece stands behind the numbers of each row.
    """

    pieces: Number
    tails: Number


@dataclass(frozen=True)
class Place:
    """Where further texts begin in the pool, and the text behind each object."""

    begin: int
    end: bytes


def place_overrides(located: Located, fixed: FixedTexts, placed: Placed, place: Place) -> pa.Array:
    """Put overrides in the place of null; return the texts to add to the pool.

    Changes ``placed.pieces`` where a row has an override.
    """
    overrides = located.view.overrides_in(located.columns)
    texts: list[bytes] = []
    if overrides:
        rows, kinds = located.rows.numbers, located.columns.kinds
        ends = fixed.shops + 3 * fixed.kinds
        for row in np.flatnonzero(np.isin(rows, np.fromiter(overrides, np.int64))).tolist():
            number, tail = int(rows[row]), placed.tails[row]
            behind = b"]}" + place.end if placed.pieces[tail] >= ends else b","
            kind = kinds[int(located.columns.kinds_of(rows[row : row + 1])[0])]
            texts.append(with_override(kind.tail, text_of(overrides[number])) + behind)
            placed.pieces[tail] = place.begin + len(texts) - 1
    return pa.array(texts, BYTES)


def place_pieces(located: Located, fixed: FixedTexts) -> Placed:
    """Return the places in the pool of the texts that make up the objects.

    A pair is its shop, its item, then of each month what stands before, the numbers, and what
    stands behind. A pair without forecasts is one piece.
    """
    rows = located.rows
    counts, is_known = rows.counts, rows.counts > 0
    pairs, kinds = len(counts), fixed.kinds
    firsts, laters, betweens, ends = fixed.shops + kinds * np.arange(4)
    items = len(fixed.texts)
    numbers, gaps = items + pairs, items + pairs + len(rows.numbers)
    lengths = np.where(is_known, 3 * counts + 2, 1)
    begins = np.cumsum(lengths) - lengths
    pieces = np.empty(int(lengths.sum()), np.int64)
    pieces[begins[~is_known]] = gaps + np.arange(pairs - int(is_known.sum()))
    known_begins, known_counts = begins[is_known], counts[is_known]
    pieces[known_begins] = located.shops[is_known]
    pieces[known_begins + 1] = items + np.flatnonzero(is_known)
    first_rows = np.cumsum(known_counts) - known_counts
    row = np.arange(len(rows.numbers))
    # Where the numbers of each row stand: three pieces apart within a pair.
    at = 3 * row + np.repeat(known_begins + 3 - 3 * first_rows, known_counts)
    row_kinds = located.columns.kinds_of(rows.numbers).astype(np.int64)
    pieces[at] = numbers + row
    pieces[at - 1] = laters + row_kinds
    pieces[at + 1] = betweens + row_kinds
    pieces[at[first_rows] - 1] = firsts + row_kinds[first_rows]
    last_rows = first_rows + known_counts - 1
    pieces[at[last_rows] + 1] = ends + row_kinds[last_rows]
    return Placed(pieces, at + 1)


def gap_texts(located: Located, end: bytes) -> pa.Array:
    """Return ``[unknown pair]`` large_binary: the whole object of each pair without forecasts."""
    provenance = located.view.provenance
    texts = []
    for place, unknown in located.unknown.items():
        shop_id, item_id = located.ids_of(place)
        ids = orjson.dumps({"shop_id": shop_id, "item_id": item_id})[:-1]
        rest = orjson.dumps({"unknown": unknown, "forecasts": []})[1:]
        texts.append(b"%s,%s%s%s" % (ids, provenance, rest, end))
    return pa.array(texts, BYTES)
