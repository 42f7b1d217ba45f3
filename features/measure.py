"""A measure: one number per key and month, aggregated from the rows below it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lakehouse.table import Column


@dataclass(frozen=True)
class Measure:
    """A monthly aggregate, computed in its integer form: the number times ten to its scale.

    Sums of whole numbers are the same in every order; DOUBLE sums of the same rows are not, and
    DECIMAL sums take Spark three times as long.

    Args:
        name: column of the monthly table.
        sql: Spark SQL aggregate over the rows of one key and month, in integer form.
        type: Arrow type of the stored column, a whole number or a decimal.
        comment: what it says, with its unit.
    """

    name: str
    sql: str
    type: pa.DataType
    comment: str

    @property
    def scale(self) -> int:
        """The whole number that stands for 1 in the integer form."""
        return int(10**self.type.scale) if pa.types.is_decimal(self.type) else 1

    @property
    def column(self) -> Column:
        """The measure's column in a monthly table."""
        return Column(self.name, self.type, self.comment, nullable=False)


def integer_sql(scale: int, *factors: str) -> str:
    """Write the integer form of a product of DECIMAL columns in Spark SQL.

    One column comes back exactly while its integer form is below 2**51, which is 225 billion of
    the currency; a product is rounded once per row, before any sum.
    """
    product = " * ".join(f"CAST({factor} AS DOUBLE)" for factor in factors)
    return f"CAST(rint({product} * {scale}) AS BIGINT)"


def stored_form(cells: pa.Table, measures: tuple[Measure, ...]) -> Iterator[pa.Table]:
    """Give cells in integer form the types of their table; a worker calls it before it writes.

    Args:
        cells: ``[*keys, month, *measures]``, the measures as whole numbers.
        measures: all of the table's measures.
    """
    for measure in measures:
        at = cells.column_names.index(measure.name)
        numbers = cells[measure.name].combine_chunks().cast(pa.int64())
        cells = cells.set_column(at, measure.column.field, stored(numbers, measure.type))
    yield cells


def stored(numbers: pa.Int64Array, arrow_type: pa.DataType) -> pa.Array:
    """Return whole numbers as the decimals whose integer form they are."""
    if not pa.types.is_decimal(arrow_type):
        return numbers.cast(arrow_type)
    low = numbers.to_numpy(zero_copy_only=False)
    # A 128-bit decimal is two words, low first; the high one repeats the sign.
    words = np.stack([low, low >> 63], axis=1)
    return pa.Array.from_buffers(arrow_type, len(low), [None, pa.py_buffer(words.tobytes())])
