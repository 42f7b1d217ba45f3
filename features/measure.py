"""A measure: one number per key and month, aggregated from the rows below it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from lakehouse.profile.profile import Clip
from lakehouse.table import Column


@dataclass(frozen=True)
class Measure:
    """A monthly aggregate, computed in its integer form: the number times ten to its scale.

    Sums of whole numbers are the same in every order; DOUBLE sums of the same rows are not, and
    DECIMAL sums take three times as long.

    Args:
        name: column of the monthly table.
        of: column of the rows below that is aggregated, whole numbers in the same form.
        aggregate: Arrow's name of the aggregation; null counts as nothing.
        type: Arrow type of the stored column, a whole number or a decimal.
        comment: what it says, with its unit.
        clip: bounds that the aggregate is put into; None: none.
    """

    name: str
    of: str
    aggregate: Literal["sum", "max", "count_distinct"]
    type: pa.DataType
    comment: str
    clip: Clip | None = None

    @property
    def scale(self) -> int:
        """The whole number that stands for 1 in the integer form."""
        return int(10**self.type.scale) if pa.types.is_decimal(self.type) else 1

    @property
    def column(self) -> Column:
        """The measure's column in a monthly table."""
        return Column(self.name, self.type, self.comment, nullable=False)


def stored_form(cells: pa.Table, measures: tuple[Measure, ...]) -> pa.Table:
    """Give cells in integer form the types of their table.

    Args:
        cells: ``[*keys, month, *measures]``, the measures as whole numbers.
        measures: all of the table's measures.
    """
    for measure in measures:
        at = cells.column_names.index(measure.name)
        numbers = cells[measure.name].combine_chunks().cast(pa.int64())
        cells = cells.set_column(at, measure.column.field, stored(numbers, measure.type))
    return cells


def stored(numbers: pa.Int64Array, arrow_type: pa.DataType) -> pa.Array:
    """Return whole numbers as the decimals whose integer form they are."""
    if not pa.types.is_decimal(arrow_type):
        return numbers.cast(arrow_type)
    low = numbers.to_numpy(zero_copy_only=False)
    # A 128-bit decimal is two words, low first; the high one repeats the sign.
    words = np.stack([low, low >> 63], axis=1)
    return pa.Array.from_buffers(arrow_type, len(low), [None, pa.py_buffer(words.tobytes())])
