"""Rows of gold.forecasts → columns sorted by shop, item and month, with numbers for texts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lakehouse.errors import LakeError
from serving.lookup.kinds import KIND_COLUMNS, Kind
from serving.lookup.texts import NUMBERS, Number, Real

KEY = ("shop_id", "item_id", "month")
COLUMNS = (*dict.fromkeys((*KEY, *KIND_COLUMNS, *NUMBERS)),)
Code: TypeAlias = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Gathered:
    """The forecasts of a version, sorted by shop, item and month.

    A pair's number is shop number · number of items + item number.

    Attributes:
        shops: shop ids, ascending; the place is the shop's number.
        items: item ids, ascending; the place is the item's number.
        kinds: what forecasts share; the place is the kind's number.
        pairs: ``[pair]`` int64: numbers of the pairs that have forecasts, ascending.
        starts: ``[pair + 1]`` int64: the first row of each pair, and the number of rows.
        row_kinds: ``[row]`` uint32: number of the row's kind.
        values: name of ``NUMBERS`` → ``[row]`` float32; NaN: null.
    """

    shops: Sequence[str]
    items: Sequence[str]
    kinds: Sequence[Kind]
    pairs: Number
    starts: Number
    row_kinds: Code
    values: Mapping[str, Real]


@dataclass
class Numbering:
    """Numbers for distinct values, in the order in which the values come."""

    numbers: dict[Any, int] = field(default_factory=dict)

    def of(self, values: Iterable[Any]) -> npt.NDArray[np.int64]:
        """Return the number of each value."""
        numbers = self.numbers
        return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.int64)

    def of_column(self, column: pa.Array) -> Code:
        """Return the number of each entry of an Arrow column."""
        encoded = column.dictionary_encode()
        numbers = self.of(encoded.dictionary.to_pylist())
        codes: Code = numbers[encoded.indices.to_numpy()].astype(np.uint32)
        return codes

    def sorted(self) -> tuple[list[Any], npt.NDArray[np.int64]]:
        """Return the values ascending, and for each number the place of its value."""
        values = sorted(self.numbers)
        places = np.empty(len(values), np.int64)
        places[[self.numbers[value] for value in values]] = np.arange(len(values))
        return values, places


def gather(
    batches: Iterable[pa.RecordBatch], shop_ids: Iterable[str] = (), item_ids: Iterable[str] = ()
) -> Gathered:
    """Sort the forecasts of one version.

    Args:
        batches: the columns ``COLUMNS`` in any order of rows.
        shop_ids: shops to number besides those of the rows.
        item_ids: items to number besides those of the rows.

    Raises:
        LakeError: two rows have the same shop, item and month; forecast again.
    """
    shops, items, kinds = Numbering(), Numbering(), Numbering()
    shops.of(shop_ids)
    items.of(item_ids)
    parts = [
        (
            shops.of_column(batch["shop_id"]),
            items.of_column(batch["item_id"]),
            number_kinds(kinds, batch),
            *(batch[name].to_numpy(zero_copy_only=False) for name in NUMBERS),
        )
        for batch in batches
        if len(batch)
    ]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    del parts
    if not columns:
        columns = [np.zeros(0, np.uint32)] * 3 + [np.zeros(0, np.float32)] * len(NUMBERS)
    return sort_rows((shops, items, kinds), columns)


def sort_rows(numberings: Sequence[Numbering], columns: Sequence[npt.NDArray[Any]]) -> Gathered:
    """Sort gathered rows by shop, item and month.

    Args:
        numberings: of shops, items and kinds.
        columns: ``[row]`` each: shop, item and kind as numbered, then ``NUMBERS``.

    Raises:
        LakeError: two rows have the same shop, item and month; forecast again.
    """
    (shops, shop_places), (items, item_places), (kinds, kind_places) = (
        numbering.sorted() for numbering in numberings
    )
    months = sorted({kind.month for kind in kinds})
    row_kinds = kind_places[columns[2]].astype(np.uint32)
    month_of_kind = np.array([months.index(kind.month) for kind in kinds], np.int64)
    keys = shop_places[columns[0]] * len(items) + item_places[columns[1]]
    keys = keys * max(1, len(months)) + month_of_kind[row_kinds]
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    if np.any(keys[1:] == keys[:-1]):
        raise LakeError(
            "gold/forecasts: two forecasts of one shop, item and month; forecast again."
        )
    pairs, starts = np.unique(keys // max(1, len(months)), return_index=True)
    return Gathered(
        shops=shops,
        items=items,
        kinds=kinds,
        pairs=pairs,
        starts=np.append(starts, len(keys)).astype(np.int64),
        row_kinds=row_kinds[order],
        values={
            name: column[order].astype(np.float32)
            for name, column in zip(NUMBERS, columns[3:], strict=True)
        },
    )


def number_kinds(kinds: Numbering, batch: pa.RecordBatch) -> Code:
    """Return for each row of a batch the number of the row's kind."""
    encoded = [batch[name].dictionary_encode() for name in KIND_COLUMNS]
    together = np.zeros(len(batch), np.int64)
    for column in encoded:
        together = together * len(column.dictionary) + column.indices.to_numpy()
    distinct, firsts, rows = np.unique(together, return_index=True, return_inverse=True)
    listed = batch.select(KIND_COLUMNS).take(pa.array(firsts)).to_pylist()
    assert len(listed) == len(distinct)
    return kinds.of(Kind(**row) for row in listed)[rows].astype(np.uint32)
