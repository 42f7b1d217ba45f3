"""Pairs that a request names, and their rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat

import numpy as np

from serving.lookup.answers import unknown_fields
from serving.lookup.columns import UNKNOWN, Columns
from serving.lookup.texts import Number
from serving.lookup.view import View

# Pairs rendered at once; a greater answer is sent in blocks, so that memory does not grow with it.
BLOCK_PAIRS = 2_000
SHOP_NUMBERS = b"shop numbers"


@dataclass(frozen=True)
class Pairs:
    """Pairs that a request names, in its order.

    Attributes:
        shop_ids: shops, or other names of shops.
        item_ids: items.
        month: target month, YYYY-MM; None: all months.
    """

    shop_ids: Sequence[str]
    item_ids: Sequence[str]
    month: str | None = None

    def __len__(self) -> int:
        return len(self.shop_ids)

    def blocks(self) -> Iterator["Pairs"]:
        """Yield at most ``BLOCK_PAIRS`` pairs at a time."""
        for start in range(0, len(self), BLOCK_PAIRS):
            part = slice(start, start + BLOCK_PAIRS)
            yield Pairs(self.shop_ids[part], self.item_ids[part], self.month)


class Located:
    """Pairs with their rows.

    Attributes:
        pairs: the pairs.
        shops: ``[pair]`` int64: shop numbers, or ``UNKNOWN``.
        items: ``[pair]`` int64: item numbers, or ``UNKNOWN``.
        rows: the rows of each pair; of the month, where one is named.
    """

    def __init__(self, view: View, columns: Columns, pairs: Pairs) -> None:
        self.view, self.columns, self.pairs = view, columns, pairs
        self.shops = numbers_of(shop_numbers(view, columns), pairs.shop_ids)
        self.items = numbers_of(columns.item_numbers, pairs.item_ids)
        self._all_rows = columns.rows_of_pairs(self.shops, self.items)
        self.rows = self._all_rows
        if pairs.month is not None:
            of_month = [f"{kind.month:%Y-%m}" == pairs.month for kind in columns.kinds]
            self.rows = columns.of_month(self.rows, np.array(of_month, np.bool_))

    @cached_property
    def unknown(self) -> dict[int, list[str]]:
        """Place of a pair without forecasts → what is unknown."""
        places = np.flatnonzero(self.rows.counts == 0).tolist()
        return {place: self._unknown_of(place) for place in places}

    def _unknown_of(self, place: int) -> list[str]:
        if self._all_rows.counts[place]:
            return ["month"]
        return unknown_fields(self.columns, *self.ids_of(place))

    def ids_of(self, place: int) -> tuple[str, str]:
        """Return the shop, aliases resolved, and the item of a pair."""
        shop_id = self.view.snapshot.shops.resolve(self.pairs.shop_ids[place])
        return shop_id, self.pairs.item_ids[place]


def shop_numbers(view: View, columns: Columns) -> Mapping[str, int]:
    """Return shop id, or other name of a shop → shop number; those of a version are kept."""
    if columns is not view.snapshot.forecasts:
        return with_aliases(view, columns)
    if SHOP_NUMBERS not in view.kept:
        view.kept[SHOP_NUMBERS] = with_aliases(view, columns)
    kept = view.kept[SHOP_NUMBERS]
    assert isinstance(kept, dict)
    return kept


def with_aliases(view: View, columns: Columns) -> dict[str, int]:
    """Return shop id, or other name of a shop → shop number."""
    numbers, aliases = columns.shop_numbers, view.snapshot.shops.aliases
    others = {alias: numbers.get(shop_id, UNKNOWN) for alias, shop_id in aliases.items()}
    return numbers | others


def numbers_of(numbers: Mapping[str, int], ids: Sequence[str]) -> Number:
    """Return ``[id]`` int64: the number of each id, or ``UNKNOWN``."""
    return np.fromiter(map(numbers.get, ids, repeat(UNKNOWN)), np.int64, len(ids))
