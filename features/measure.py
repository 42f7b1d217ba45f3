"""A measure: one number per key and month, aggregated from the rows below it."""

from dataclasses import dataclass

import pyarrow as pa

from lakehouse.table import Column


@dataclass(frozen=True)
class Measure:
    """A monthly aggregate.

    Sums stay whole numbers or DECIMAL until a feature's last division: DOUBLE sums of the same
    rows in two orders differ.

    Args:
        name: column of the monthly table.
        sql: Spark SQL aggregate over the rows of one key and month.
        type: Arrow type of the result, a whole number or a decimal.
        comment: what it says, with its unit.
    """

    name: str
    sql: str
    type: pa.DataType
    comment: str

    @property
    def scale(self) -> int:
        """The whole number that stands for 1 in the measure's integer form."""
        return int(10**self.type.scale) if pa.types.is_decimal(self.type) else 1

    @property
    def column(self) -> Column:
        """The measure's column in a monthly table."""
        return Column(self.name, self.type, self.comment, nullable=False)
