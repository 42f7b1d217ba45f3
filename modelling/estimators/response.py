"""What boosted trees learn of a row's units, and how units come of what they predict.

The one place where label and weight are formed from a panel row, for fitting and forecasting alike.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.feature_set import TARGET
from lakehouse.errors import RefusedError
from lakehouse.profile import model as model_section
from lakehouse.types import FEATURE

Numbers = npt.NDArray[Any]
LABEL, WEIGHT = "label", "weight"


@dataclass(frozen=True)
class Response:
    """Units to labels and back.

    Attributes:
        section: as the profile declares it.
    """

    section: model_section.Response = field(default_factory=model_section.Response)

    @property
    def is_plain(self) -> bool:
        """Whether the label is the units themselves, and every row weighs the same."""
        return self.section == model_section.Response()

    def require(self, columns: Iterable[str]) -> None:
        """Check that panel rows have what it reads.

        Raises:
            RefusedError: a column is missing.
        """
        read = {*self.section.scale, *([self.section.base] if self.section.base else [])}
        missing = sorted(read - set(columns))
        if missing:
            raise RefusedError(
                f"The profile's model.response reads {missing[0]}, which is no feature; "
                "name a column of the panel."
            )

    def scale(self, batch: pa.RecordBatch) -> Numbers:
        """Return ``[row]`` what a unit of the label is, units."""
        columns = [known(batch, name) for name in self.section.scale]
        scale: Numbers = np.maximum.reduce([np.full(len(batch), self.section.floor), *columns])
        return scale

    def base(self, batch: pa.RecordBatch) -> Numbers:
        """Return ``[row]`` what is taken off first, units."""
        if self.section.base is None:
            return np.zeros(len(batch))
        return known(batch, self.section.base) * self.section.base_share

    def label(self, batch: pa.RecordBatch) -> Numbers:
        """Return ``[row]`` what is learned of rows with targets."""
        return (known(batch, TARGET) - self.base(batch)) / self.scale(batch)

    def weight(self, batch: pa.RecordBatch) -> Numbers:
        """Return ``[row]`` how much each row counts."""
        return self.scale(batch) ** self.section.weight_power

    def units(self, batch: pa.RecordBatch, predicted: Numbers) -> Numbers:
        """Turn predicted labels ``[row, column]`` into units."""
        if self.is_plain:
            return predicted
        return predicted * self.scale(batch)[:, None] + self.base(batch)[:, None]

    def append(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Add label and weight to batches."""
        for batch in batches:
            values = {LABEL: self.label(batch), WEIGHT: self.weight(batch)}
            for name, column in values.items():
                batch = batch.append_column(name, pa.array(column, FEATURE))
            yield batch


def known(batch: pa.RecordBatch, name: str) -> Numbers:
    """Return a column, null as zero."""
    values: Numbers = batch[name].to_numpy(zero_copy_only=False).astype(np.float64)
    return np.nan_to_num(values)
