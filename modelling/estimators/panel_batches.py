"""Panel batches: panel files → batches of rows, over which xgboost iterates."""

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
from lakehouse.delta import files, listing
from lakehouse.types import FEATURE
from modelling.estimators.model_inputs import Inputs

# A batch of a hundred columns takes 50 MB decoded.
BATCH_ROWS = 1 << 17


@dataclass(frozen=True)
class Labelled:
    """The labels of a batch; each array is ``[row]``.

    Attributes:
        label: the values to learn; no nulls.
        weight: weight of each row; None: all weights are 1.
        base_margin: prediction from which boosting starts, per row; None: one number for all rows.
    """

    label: npt.NDArray[Any]
    weight: npt.NDArray[Any] | None = None
    base_margin: npt.NDArray[Any] | None = None


# Computes the labels of a batch ``[*features, target]`` of a target month; sent to the workers.
Labels = Callable[[pa.RecordBatch, date], Labelled]


def targets(batch: pa.RecordBatch, month: date) -> Labelled:
    """Label a batch with the target itself; every row has the same weight."""
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
    """List the files of panel rows as one slice each, ordered by month and path.

    Raises:
        RefusedError: a month was not assembled; run build_panel.
    """
    counts = listing.file_rows(rows.lake, rows.table)
    return [
        Slice(month, path, 0, counts[path])
        for month, paths in sorted(rows.files().items())
        for path in sorted(paths)
    ]


def divide(slices: Sequence[Slice], shares: int) -> list[list[Slice]]:
    """Divide rows into consecutive shares of equal size; the same slices give the same shares."""
    total = sum(one.end - one.first for one in slices)
    bounds = [total * share // shares for share in range(shares + 1)]
    return [list(cut(slices, low, high)) for low, high in pairwise(bounds)]


def cut(slices: Sequence[Slice], low: int, high: int) -> Iterator[Slice]:
    """Cut out the rows from ``low`` to before ``high``, counted over all slices."""
    begin = 0
    for one in slices:
        rows = one.end - one.first
        first, end = max(low - begin, 0), min(high - begin, rows)
        if first < end:
            yield Slice(one.month, one.path, one.first + first, one.first + end)
        begin += rows


@dataclass(frozen=True)
class Source:
    """A worker's share of the panel, read batch by batch.

    Attributes:
        uri: URI of the panel's table.
        inputs: columns to learn from.
        slices: the rows of the share, as parts of files.
    """

    uri: str
    inputs: Inputs
    slices: tuple[Slice, ...]

    @property
    def rows(self) -> int:
        """The number of rows in the share."""
        return sum(one.end - one.first for one in self.slices)

    def __iter__(self) -> Iterator[tuple[date, pa.RecordBatch]]:
        """Read the share as batches ``[*features, target]``, each with its target month."""
        columns = [*self.inputs.names, TARGET]
        for one in self.slices:
            read = files.batches(self.uri, one.path, columns, BATCH_ROWS, (one.first, one.end))
            yield from ((one.month, batch) for batch in read)

    def nothing(self) -> pa.RecordBatch:
        """Make an empty batch ``[*features, target]``."""
        schema = pa.schema([(name, FEATURE) for name in (*self.inputs.names, TARGET)])
        return pa.RecordBatch.from_pylist([], schema)


class PanelBatches(xgb.DataIter):  # type: ignore[misc]
    """Iterator that hands batches to xgboost, which reads all batches several times.

    Args:
        source: the rows; a source without rows gives one empty batch, since xgboost needs a batch.
        labels: computes label and weight of a batch.
    """

    def __init__(self, source: Source, labels: Labels) -> None:
        self._source, self._labels = source, labels
        self._batches: Iterator[tuple[pa.Table, Labelled]] = iter(())
        super().__init__(release_data=True)

    def reset(self) -> None:
        """Start again at the first batch."""
        self._batches = self._all()

    def next(self, input_data: Callable[..., None]) -> bool:
        """Hand the next batch to xgboost; return False after the last batch."""
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
