"""Measures: one number per key and month, aggregated from more detailed rows."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from lakehouse.profile.profile import Clip
from lakehouse.table import Column


@dataclass(frozen=True)
class Measure:
    """A monthly aggregate, computed in integer form: the number × 10 ** (scale of its type).

    Sums of whole numbers are the same in every order; DOUBLE sums of the same rows are not, and
    DECIMAL sums take three times as long.

    Args:
        name: column of the monthly table.
        of: column that is aggregated, in the same integer form, of the more detailed rows.
        aggregate: Arrow's name of the aggregation; nulls are ignored.
        type: Arrow type of the stored column, a whole number or a decimal.
        comment: the column's meaning, with the unit.
        clip: bounds to which the aggregate is clipped; None: no bounds.
    """

    name: str
    of: str
    aggregate: Literal["sum", "max", "count_distinct"]
    type: pa.DataType
    comment: str
    clip: Clip | None = None

    @property
    def scale(self) -> int:
        """The whole number that represents 1 in the integer form."""
        return int(10**self.type.scale) if pa.types.is_decimal(self.type) else 1

    @property
    def column(self) -> Column:
        """The measure's column in a monthly table."""
        return Column(self.name, self.type, self.comment, nullable=False)


def stored_form(cells: pa.Table, measures: tuple[Measure, ...]) -> pa.Table:
    """Convert cells from integer form to the types of their table.

    Args:
        cells: ``[*keys, month, *measures]``, measures in integer form.
        measures: all measures of the table.
    """
    for measure in measures:
        at = cells.column_names.index(measure.name)
        numbers = cells[measure.name].combine_chunks().cast(pa.int64())
        cells = cells.set_column(at, measure.column.field, as_stored_type(numbers, measure.type))
    return cells


def as_stored_type(numbers: pa.Int64Array, arrow_type: pa.DataType) -> pa.Array:
    """Convert whole numbers from integer form to the stored type, a whole number or a decimal."""
    if not pa.types.is_decimal(arrow_type):
        return numbers.cast(arrow_type)
    low = numbers.to_numpy(zero_copy_only=False)
    # A 128-bit decimal is two 64-bit words, low word first; the high word repeats the sign.
    words = np.stack([low, low >> 63], axis=1)
    return pa.Array.from_buffers(arrow_type, len(low), [None, pa.py_buffer(words.tobytes())])
