"""Columns of one version's forecasts, in memory or mapped from a file: find rows of pairs."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from lakehouse.tables.gold import FORECASTS
from serving.lookup.gathering import Code, Gathered, gather
from serving.lookup.kinds import KIND_COLUMNS, Kind, with_override
from serving.lookup.rows import Rows, dense_starts
from serving.lookup.texts import BYTES, NUMBERS, Number, Real, binary_array, render_numbers

Flag = npt.NDArray[np.bool_]
# The arrays of a version, in the order in which a file has them: name → type of an entry.
ARRAYS: Mapping[str, npt.DTypeLike] = {
    "texts": np.uint8,
    "offsets": np.int64,
    "pairs": np.int64,
    "starts": np.int64,
    "row_kinds": np.uint32,
    **dict.fromkeys(NUMBERS, np.float32),
}
UNKNOWN = -1
NO_OVERRIDES: Mapping[int, bytes] = {}


class Columns:
    """The forecasts of one version, or those of some of its pairs.

    Implements ``Forecasts``: these columns hold all that is asked for.

    Attributes:
        shops: shop ids, ascending; the place is the shop's number.
        items: item ids, ascending; the place is the item's number.
        kinds: what forecasts share.
        arrays: name of ``ARRAYS`` → ``[entry]``.
    """

    def __init__(
        self,
        shops: Sequence[str],
        items: Sequence[str],
        kinds: Sequence[Kind],
        arrays: Mapping[str, npt.NDArray[Any]],
    ) -> None:
        self.shops, self.items, self.kinds, self.arrays = shops, items, kinds, arrays
        self.shop_numbers = {shop: number for number, shop in enumerate(shops)}
        self.item_numbers = {item: number for number, item in enumerate(items)}
        # Reading one entry through a memoryview takes a third of the time that numpy takes.
        views = {name: array.data for name, array in arrays.items()}
        self._pairs, self._starts, self._offsets = views["pairs"], views["starts"], views["offsets"]
        self._kinds, self._texts = views["row_kinds"], views["texts"]
        possible = len(shops) * len(items)
        self.grid = dense_starts(possible, arrays["pairs"], arrays["starts"])
        self._grid = None if self.grid is None else self.grid.data
        self._heads = [kind.head for kind in kinds]
        self._tails = [kind.tail for kind in kinds]

    @classmethod
    def of(
        cls, rows: pa.Table, shop_ids: Iterable[str] = (), item_ids: Iterable[str] = ()
    ) -> "Columns":
        """Arrange rows of gold.forecasts in memory.

        Args:
            rows: the columns ``gathering.COLUMNS``, of one version, in any order.
            shop_ids: shops that the version has besides those of the rows.
            item_ids: items that the version has besides those of the rows.

        Raises:
            LakeError: two rows have the same shop, item and month; forecast again.
        """
        gathered = gather(rows.to_batches(), shop_ids, item_ids)
        blocks = list(render_numbers(gathered.values))
        lengths = np.concatenate([np.zeros(1, np.int64), *(lengths for _, lengths in blocks)])
        texts = b"".join(text for text, _ in blocks)
        arrays: dict[str, npt.NDArray[Any]] = {
            "texts": np.frombuffer(texts, np.uint8),
            "offsets": np.cumsum(lengths),
            **arrays_of(gathered),
        }
        return cls(gathered.shops, gathered.items, gathered.kinds, arrays)

    def __len__(self) -> int:
        return len(self._kinds)

    async def find(self, shop_id: str, item_id: str) -> "Columns":  # noqa: ARG002
        """Return these columns: they hold every pair of the version."""
        return self

    async def find_many(self, shop_ids: Sequence[str], item_ids: Sequence[str]) -> "Columns":  # noqa: ARG002
        """Return these columns: they hold every pair of the version."""
        return self

    async def find_shop(self, shop_id: str) -> "Columns":  # noqa: ARG002
        """Return these columns: they hold every shop of the version."""
        return self

    async def find_all(self) -> "Columns":
        """Return these columns: they hold the whole version."""
        return self

    def has_shop(self, shop_id: str) -> bool:
        """Return whether the version has forecasts of a shop."""
        return shop_id in self.shop_numbers

    def has_item(self, item_id: str) -> bool:
        """Return whether the version has forecasts of an item."""
        return item_id in self.item_numbers

    def rows_of(self, shop_id: str, item_id: str) -> range:
        """Return the rows of a pair, by month; empty: the pair is unknown."""
        shop, item = self.shop_numbers.get(shop_id), self.item_numbers.get(item_id)
        if shop is None or item is None:
            return range(0)
        number = shop * len(self.items) + item
        if self._grid is not None:
            return range(self._grid[number], self._grid[number + 1])
        place = bisect_left(self._pairs, number)
        if place == len(self._pairs) or self._pairs[place] != number:
            return range(0)
        return range(self._starts[place], self._starts[place + 1])

    def kind_of(self, row: int) -> Kind:
        """Return what a forecast shares with others."""
        return self.kinds[self._kinds[row]]

    def text_of(self, rows: Sequence[int], overrides: Mapping[int, bytes] = NO_OVERRIDES) -> bytes:
        """Return the JSON objects of some forecasts, separated by commas.

        Args:
            rows: the forecasts.
            overrides: row → override, a JSON object; the other rows have none.
        """
        heads, tails, kinds, texts = self._heads, self._tails, self._kinds, self._texts
        offsets = self._offsets
        objects = [
            b"".join((heads[kinds[row]], texts[offsets[row] : offsets[row + 1]], tails[kinds[row]]))
            for row in rows
        ]
        if overrides:
            objects = [
                with_override(text, overrides[row]) if row in overrides else text
                for row, text in zip(rows, objects, strict=True)
            ]
        return b",".join(objects)

    def rows_of_pairs(self, shops: Number, items: Number) -> Rows:
        """Return the rows of several pairs.

        Args:
            shops: ``[pair]`` int64, the number of the shop, or ``UNKNOWN``.
            items: ``[pair]`` int64, the number of the item, or ``UNKNOWN``.
        """
        pairs, starts = self.arrays["pairs"], self.arrays["starts"]
        wanted = shops * len(self.items) + items
        if self.grid is not None:
            wanted[(shops < 0) | (items < 0)] = len(self.grid) - 2
            firsts = self.grid[wanted]
            return Rows(firsts, self.grid[wanted + 1] - firsts)
        places = np.searchsorted(pairs, wanted)
        is_known = (shops >= 0) & (items >= 0) & (places < len(pairs))
        places[~is_known] = 0
        if len(pairs):
            is_known &= pairs[places] == wanted
            counts = np.where(is_known, starts[places + 1] - starts[places], 0)
            return Rows(np.where(is_known, starts[places], 0), counts)
        return Rows(places, np.zeros_like(places))

    def pairs_of_shop(self, shop_id: str) -> range:
        """Return the places of a shop's pairs in ``pairs``, by item; empty: the shop is unknown."""
        shop = self.shop_numbers.get(shop_id)
        if shop is None:
            return range(0)
        bounds = np.array([shop, shop + 1], np.int64) * len(self.items)
        first, last = np.searchsorted(self.arrays["pairs"], bounds)
        return range(int(first), int(last))

    def of_month(self, rows: Rows, month_kinds: Flag) -> Rows:
        """Keep one month's row of each pair.

        Args:
            rows: the rows of the pairs.
            month_kinds: ``[kind]`` bool: the kinds of the month.
        """
        is_wanted = month_kinds[self.arrays["row_kinds"][rows.numbers]]
        pairs = np.repeat(np.arange(len(rows.counts)), rows.counts)[is_wanted]
        firsts, counts = np.zeros_like(rows.firsts), np.zeros_like(rows.counts)
        firsts[pairs], counts[pairs] = rows.numbers[is_wanted], 1
        return Rows(firsts, counts)

    @cached_property
    def texts(self) -> pa.Array:
        """``[row]`` large_binary: the members ``NUMBERS`` of each forecast's JSON object."""
        return binary_array(self.arrays["offsets"], self.arrays["texts"])

    @cached_property
    def shop_ids(self) -> pa.Array:
        """``[shop]`` string: the ids of ``shops``."""
        return pa.array(self.shops, pa.string())

    @cached_property
    def item_ids(self) -> pa.Array:
        """``[item]`` string: the ids of ``items``."""
        return pa.array(self.items, pa.string())

    @cached_property
    def item_texts(self) -> pa.Array:
        """``[item]`` large_binary: each item id as JSON."""
        return pa.array(list(map(orjson.dumps, self.items)), BYTES)

    @cached_property
    def kind_columns(self) -> Mapping[str, pa.Array]:
        """Name of ``KIND_COLUMNS`` → ``[kind]``: the members of ``kinds``."""
        listed = [asdict(kind) for kind in self.kinds]
        schema = pa.schema([FORECASTS.schema.field(name) for name in KIND_COLUMNS])
        table = pa.Table.from_pylist(listed, schema)
        return {name: table[name].combine_chunks() for name in KIND_COLUMNS}

    def values(self, name: str, rows: Number | slice) -> Real:
        """Return one column of ``NUMBERS`` for some rows; NaN: null."""
        column: Real = self.arrays[name][rows]
        return column

    def kinds_of(self, rows: Number | slice) -> Code:
        """Return ``[row]`` uint32: the number of each row's kind."""
        kinds: Code = self.arrays["row_kinds"][rows]
        return kinds


def arrays_of(gathered: Gathered) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of a version but for the texts of its numbers."""
    return {
        "pairs": gathered.pairs,
        "starts": gathered.starts,
        "row_kinds": gathered.row_kinds,
        **gathered.values,
    }
