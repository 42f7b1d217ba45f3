"""Model inputs: the panel columns that a model reads, in order, and the fillings of nulls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.feature_set import FeatureSet
from lakehouse.types import FEATURE

Numbers = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ModelColumns:
    """The panel columns that a model reads.

    Attributes:
        names: column names, in order.
        fillings: column → number that replaces nulls; nulls in any other column are missing
            values.
    """

    names: tuple[str, ...]
    fillings: Mapping[str, float]

    @classmethod
    def of(cls, features: FeatureSet, names: Sequence[str] | None = None) -> "ModelColumns":
        """Choose declared features by name; None: all features."""
        chosen = tuple(features.names if names is None else names)
        fillings = features.fillings
        return cls(chosen, {name: fillings[name] for name in chosen if name in fillings})

    def __len__(self) -> int:
        return len(self.names)

    def table(self, batch: pa.RecordBatch) -> pa.Table:
        """Select the columns of a batch as an Arrow table, float32, nulls filled as declared."""
        return pa.table({name: self._filled(batch, name) for name in self.names})

    def matrix(self, batch: pa.RecordBatch) -> Numbers:
        """Convert a batch to ``[row, column]``, float32; missing values are NaN."""
        values = np.empty((len(batch), len(self)), np.float32)
        for place, name in enumerate(self.names):
            values[:, place] = self._filled(batch, name).to_numpy(zero_copy_only=False)
        return values

    def _filled(self, batch: pa.RecordBatch, name: str) -> pa.Array:
        column = batch[name].cast(FEATURE)
        if name not in self.fillings:
            return column
        return pc.fill_null(column, pa.scalar(self.fillings[name], FEATURE))
