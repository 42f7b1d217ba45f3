"""Panel files → batches of rows, for xgboost to iterate over."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xgboost as xgb

from features.feature_set import TARGET
from jobs.panel_rows import PanelRows
from lakehouse.delta import files, log
from lakehouse.types import FEATURE

Numbers = npt.NDArray[np.float32]
# A batch of a hundred columns takes 50 MB decoded.
BATCH_ROWS = 1 << 17
ZERO = pa.scalar(0, FEATURE)
# Of a matrix with one column that is known in fewer of its rows, xgboost keeps eight bytes more for
# every cell of every column: 6 GB at full size, more than all the rest.
LEAST_KNOWN = 0.2


@dataclass(frozen=True)
class Labelled:
    """What is learned from a batch, ``[row]`` each.

    Attributes:
        label: no nulls.
        weight: of the rows; None: all the same.
        base_margin: what boosting starts from; None: one number for all.
    """

    label: npt.NDArray[Any]
    weight: npt.NDArray[Any] | None = None
    base_margin: npt.NDArray[Any] | None = None

    def weightless(self, rows: int) -> "Labelled":
        """Return so many rows of no weight, of the same kind."""
        margin = self.base_margin
        return Labelled(
            zeros(self.label, rows),
            np.zeros(rows, np.float32),
            None if margin is None else zeros(margin, rows),
        )


def zeros(like: npt.NDArray[Any], rows: int) -> npt.NDArray[Any]:
    """Return zeros of the shape of an array with other rows."""
    return np.zeros((rows, *like.shape[1:]), like.dtype)


# From a batch ``[*features, target]`` of a target month; sent to the workers.
Labels = Callable[[pa.RecordBatch, date], Labelled]


def targets(batch: pa.RecordBatch, month: date) -> Labelled:
    """Learn the target itself, every row counting the same."""
    del month
    return Labelled(batch[TARGET].to_numpy(zero_copy_only=False))


@dataclass(frozen=True)
class Slice:
    """Rows of one file, from ``first`` to before ``end``."""

    month: date
    path: str
    first: int
    end: int


def listed(rows: PanelRows) -> list[Slice]:
    """List the files of panel rows, in the order of their months.

    Raises:
        RefusedError: a month was not assembled.
    """
    counts = log.file_rows(rows.lake, rows.table)
    return [
        Slice(month, path, 0, counts[path])
        for month, paths in sorted(rows.files().items())
        for path in sorted(paths)
    ]


def divide(slices: Sequence[Slice], shares: int) -> list[list[Slice]]:
    """Divide rows into shares of equal size, whole files where possible, always in the same way."""
    total = sum(one.end - one.first for one in slices)
    bounds = [total * share // shares for share in range(shares + 1)]
    return [list(cut(slices, low, high)) for low, high in pairwise(bounds)]


def cut(slices: Sequence[Slice], low: int, high: int) -> Iterator[Slice]:
    """Yield the slices of the rows from ``low`` to before ``high``, counted over all slices."""
    begin = 0
    for one in slices:
        rows = one.end - one.first
        first, end = max(low - begin, 0), min(high - begin, rows)
        if first < end:
            yield Slice(one.month, one.path, one.first + first, one.first + end)
        begin += rows


@dataclass(frozen=True)
class Source:
    """Where batches come from.

    Attributes:
        uri: of the panel's table.
        features: columns to learn from.
        slices: the rows.
    """

    uri: str
    features: tuple[str, ...]
    slices: tuple[Slice, ...]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(one.end - one.first for one in self.slices)

    def __iter__(self) -> Iterator[tuple[date, pa.RecordBatch]]:
        """Read ``[*features, target]``, a month's batch at a time."""
        columns = [*self.features, TARGET]
        for one in self.slices:
            read = files.batches(self.uri, one.path, columns, BATCH_ROWS, (one.first, one.end))
            yield from ((one.month, batch) for batch in read)

    def matrix(self, batch: pa.RecordBatch) -> pa.Table:
        """Return the features of a batch as numbers."""
        schema = pa.schema([(name, FEATURE) for name in self.features])
        return pa.table(batch.select(list(self.features))).cast(schema)

    def nothing(self) -> pa.RecordBatch:
        """Return a batch without rows."""
        schema = pa.schema([(name, FEATURE) for name in (*self.features, TARGET)])
        return pa.RecordBatch.from_pylist([], schema)


class PanelBatches(xgb.DataIter):  # type: ignore[misc]
    """Hands batches to xgboost, which asks for all of them several times.

    Args:
        source: the rows; none are one batch without rows, as xgboost needs one.
        labels: what is learned from a batch.
    """

    def __init__(self, source: Source, labels: Labels) -> None:
        self._source, self._labels = source, labels
        self._batches: Iterator[tuple[pa.Table, Labelled]] = iter(())
        super().__init__(release_data=True)

    def reset(self) -> None:
        """Begin anew."""
        self._batches = self._all()

    def next(self, input_data: Callable[..., None]) -> bool:
        """Hand over a batch; False: there is none left."""
        found = next(self._batches, None)
        if found is None:
            return False
        features, labelled = found
        rows = len(features)
        input_data(
            data=features,
            label=labelled.label,
            weight=np.ones(rows, np.float32) if labelled.weight is None else labelled.weight,
            base_margin=labelled.base_margin,
        )
        return True

    def _all(self) -> Iterator[tuple[pa.Table, Labelled]]:
        known = np.zeros(len(self._source.features), np.int64)
        none = [(date.min, self._source.nothing())]
        for month, batch in self._source if self._source.rows else none:
            features, labelled = self._source.matrix(batch), self._labels(batch, month)
            known += [len(batch) - column.null_count for column in features.columns]
            yield features, labelled
        for rows, is_short in paddings(known, self._source.rows):
            columns = [
                pa.repeat(ZERO, rows) if short else pa.nulls(rows, FEATURE) for short in is_short
            ]
            yield pa.table(columns, names=features.column_names), labelled.weightless(rows)


def paddings(known: npt.NDArray[np.int64], rows: int) -> Iterator[tuple[int, list[bool]]]:
    """Yield batches of rows of no weight that make every column known often enough.

    Args:
        known: ``[column]`` rows in which it is.
        rows: of all columns.

    Returns:
        The rows of each batch, and which columns are known in it.
    """
    is_short = known < LEAST_KNOWN * rows
    lack = LEAST_KNOWN * rows - known.min(initial=rows)
    left = int(lack / (1 - LEAST_KNOWN)) + 2 if is_short.any() else 0
    # What is known in exactly enough rows would not be in enough of more.
    is_short = known < LEAST_KNOWN * (rows + left)
    while left > 0:
        yield min(left, BATCH_ROWS), [bool(short) for short in is_short]
        left -= BATCH_ROWS
