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
from modelling.estimators.model_inputs import ModelColumns

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
class FileRows:
    """Rows of one file, from ``first`` to before ``end``."""

    month: date
    path: str
    first: int
    end: int

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.end - self.first


def list_files(rows: PanelRows) -> list[FileRows]:
    """List the files of panel rows, ordered by month and path.

    Raises:
        RefusedError: a month was not assembled; run build_panel.
    """
    counts = listing.file_rows(rows.lake, rows.table)
    return [
        FileRows(month, path, 0, counts[path])
        for month, paths in sorted(rows.files().items())
        for path in sorted(paths)
    ]


def divide(parts: Sequence[FileRows], shares: int) -> list[list[FileRows]]:
    """Divide rows into consecutive shares of equal size; the same parts give the same shares."""
    total = sum(part.rows for part in parts)
    bounds = [total * share // shares for share in range(shares + 1)]
    return [list(cut(parts, low, high)) for low, high in pairwise(bounds)]


def cut(parts: Sequence[FileRows], low: int, high: int) -> Iterator[FileRows]:
    """Cut out the rows from ``low`` to before ``high``, counted over all parts."""
    begin = 0
    for part in parts:
        rows = part.rows
        first, end = max(low - begin, 0), min(high - begin, rows)
        if first < end:
            yield FileRows(part.month, part.path, part.first + first, part.first + end)
        begin += rows


@dataclass(frozen=True)
class PanelShare:
    """A worker's share of the panel, read batch by batch.

    Attributes:
        uri: URI of the panel's table.
        inputs: columns to learn from.
        parts: the rows of the share, as parts of files.
    """

    uri: str
    inputs: ModelColumns
    parts: tuple[FileRows, ...]

    @property
    def rows(self) -> int:
        """The number of rows in the share."""
        return sum(part.rows for part in self.parts)

    def __iter__(self) -> Iterator[tuple[date, pa.RecordBatch]]:
        """Read the share as batches ``[*features, target]``, each with its target month."""
        columns = [*self.inputs.names, TARGET]
        for part in self.parts:
            read = files.batches(self.uri, part.path, columns, BATCH_ROWS, (part.first, part.end))
            yield from ((part.month, batch) for batch in read)

    def nothing(self) -> pa.RecordBatch:
        """Make an empty batch ``[*features, target]``."""
        schema = pa.schema([(name, FEATURE) for name in (*self.inputs.names, TARGET)])
        return pa.RecordBatch.from_pylist([], schema)


class PanelBatches(xgb.DataIter):  # type: ignore[misc]
    """Iterator that hands batches to xgboost, which reads all batches several times.

    Args:
        share: the rows; a share without rows gives one empty batch, since xgboost needs a batch.
        labels: computes label and weight of a batch.
    """

    def __init__(self, share: PanelShare, labels: Labels) -> None:
        self._share, self._labels = share, labels
        self._batches: Iterator[tuple[pa.Table, Labelled]] = iter(())
        super().__init__(release_data=True)

    def reset(self) -> None:
        """Start again at the first batch."""
        self._batches = self._all()

    def next(self, input_data: Callable[..., None]) -> bool:
        """Hand the next batch to xgboost; return False after the last batch."""
        batch = next(self._batches, None)
        if batch is None:
            return False
        features, labelled = batch
        rows = len(features)
        input_data(
            data=features,
            label=labelled.label,
            weight=np.ones(rows, np.float32) if labelled.weight is None else labelled.weight,
            base_margin=labelled.base_margin,
        )
        return True

    def _all(self) -> Iterator[tuple[pa.Table, Labelled]]:
        none = [(date.min, self._share.nothing())]
        for month, batch in self._share if self._share.rows else none:
            yield self._share.inputs.table(batch), self._labels(batch, month)
