"""Response: the transformation of units into labels that boosted trees learn, and back.

Fitting and forecasting both use this module; no other code computes label and weight of a row.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.feature_set import TARGET
from lakehouse.errors import RefusedError
from lakehouse.profile.model import ResponseConfig
from modelling.estimators.panel_batches import Labelled

Numbers = npt.NDArray[Any]


@dataclass(frozen=True)
class Response:
    """Turns units into labels and predicted labels into units.

    Attributes:
        section: the profile's section ``model.response``.
    """

    section: ResponseConfig = field(default_factory=ResponseConfig)

    @property
    def is_plain(self) -> bool:
        """Whether the label is the target itself and every row has the same weight."""
        return self.section == ResponseConfig()

    def require(self, columns: Iterable[str]) -> None:
        """Check that panel rows have the columns that the response reads.

        Raises:
            RefusedError: a column is missing; name a panel column in the profile.
        """
        read = {*self.section.scale, *self.section.base}
        missing = sorted(read - set(columns))
        if missing:
            raise RefusedError(
                f"The profile's model.response reads {missing[0]}, which is not a feature; "
                "name a column of the panel."
            )

    def scale(self, batch: pa.RecordBatch) -> Numbers:
        """Return how many units a label of 1 means in each row, ``[row]``."""
        columns = [filled(batch, name) for name in self.section.scale]
        scale: Numbers = np.maximum.reduce([np.full(len(batch), self.section.floor), *columns])
        return scale

    def base(self, batch: pa.RecordBatch) -> Numbers:
        """Return the units that the label subtracts from the target of each row, ``[row]``."""
        base: Numbers = np.zeros(len(batch))
        for name, weight in self.section.base.items():
            base += filled(batch, name) * weight
        return base

    def label(self, batch: pa.RecordBatch) -> Numbers:
        """Compute the label of each row, ``[row]``: (target − base) / scale."""
        return (filled(batch, TARGET) - self.base(batch)) / self.scale(batch)

    def weight(self, batch: pa.RecordBatch) -> Numbers:
        """Compute the weight of each row, ``[row]``: scale to the power that the profile sets."""
        return self.scale(batch) ** self.section.weight_power

    def units(self, batch: pa.RecordBatch, predicted: Numbers) -> Numbers:
        """Turn predicted labels ``[row, column]`` into units of the same shape."""
        if self.is_plain:
            return predicted
        return predicted * self.scale(batch)[:, None] + self.base(batch)[:, None]

    def labels(self, batch: pa.RecordBatch, month: date) -> Labelled:
        """Compute label and weight of a batch of panel rows, whatever the month."""
        del month
        return Labelled(self.label(batch), None if self.is_plain else self.weight(batch))


def filled(batch: pa.RecordBatch, name: str) -> Numbers:
    """Return a column of a batch as float64, ``[row]``; null is 0."""
    values: Numbers = batch[name].to_numpy(zero_copy_only=False).astype(np.float64)
    return np.nan_to_num(values)
