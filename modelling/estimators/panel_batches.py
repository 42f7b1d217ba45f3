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

from feature_store.panel.rows import PanelRows
from features.feature_set import TARGET
from lakehouse.delta import files, log
from lakehouse.types import FEATURE
from modelling.estimators.model_inputs import Inputs

# A batch of a hundred columns takes 50 MB decoded.
BATCH_ROWS = 1 << 17


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
        inputs: columns to learn from.
        slices: the rows.
    """

    uri: str
    inputs: Inputs
    slices: tuple[Slice, ...]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(one.end - one.first for one in self.slices)

    def __iter__(self) -> Iterator[tuple[date, pa.RecordBatch]]:
        """Read ``[*features, target]``, a month's batch at a time."""
        columns = [*self.inputs.names, TARGET]
        for one in self.slices:
            read = files.batches(self.uri, one.path, columns, BATCH_ROWS, (one.first, one.end))
            yield from ((one.month, batch) for batch in read)

    def nothing(self) -> pa.RecordBatch:
        """Return a batch without rows."""
        schema = pa.schema([(name, FEATURE) for name in (*self.inputs.names, TARGET)])
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
        none = [(date.min, self._source.nothing())]
        for month, batch in self._source if self._source.rows else none:
            yield self._source.inputs.table(batch), self._labels(batch, month)
