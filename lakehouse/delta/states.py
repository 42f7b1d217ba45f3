"""Month states: change markers that commits record as Delta application transactions.

A commit that changes a month's rows gives the month a new state, a number never used before. Delta
keeps the state in the log's checkpoints for ever, and compaction leaves the state unchanged
(ADR 13).
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from deltalake import Transaction

from lakehouse.table import Table

# Prefixes of the names of recorded numbers (ADR 13): the state of a month's or a table's rows, the
# digest of a month's inputs, and the version of a part of the program.
ROWS, MADE, VERSION = "shopcast.rows", "shopcast.made", "shopcast.version"
BITS = 64
# The input digest recorded for a month whose rows were deleted.
NOTHING = "0" * 16


def as_digest(number: int) -> str:
    """Convert a recorded number into a digest of 16 hexadecimal digits."""
    return f"{number % (1 << BITS):016x}"


def as_number(digest_: str) -> int:
    """Convert a digest into a signed 64-bit number, which a commit can record."""
    return int.from_bytes(bytes.fromhex(digest_), signed=True)


def of_month(name: str, month: date) -> str:
    """Return the name under which a commit records a number of a month."""
    return f"{name} {month:%Y-%m}"


@dataclass(frozen=True)
class Change:
    """The markers that a build records for a derived table.

    Attributes:
        number: the new state of the months whose rows the build replaces.
        versions: part of the program that computes the rows → version of the part.
    """

    number: int = field(default_factory=time.time_ns)
    versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """The new state of the months, in the form that ``month_digests`` returns."""
        return as_digest(self.number)

    def of(self, table: Table, months: Iterable[date]) -> list[Transaction]:
        """Return the transactions that record the months' new state and the code versions."""
        versions = (Transaction(f"{VERSION} {part}", n) for part, n in self.versions.items())
        return [*rows_changed(table, months, self.number), *versions]


def record_digests(digests: Mapping[date, str]) -> list[Transaction]:
    """Return the transactions that record the input digests of months."""
    return [Transaction(of_month(MADE, m), as_number(d)) for m, d in digests.items()]


def rows_changed(
    table: Table, months: Iterable[date | None], number: int | None = None
) -> list[Transaction]:
    """Return the transactions that give months, or an unpartitioned table, a new state.

    Args:
        table: the table whose rows change.
        months: all months whose rows may change; None entries (rows without a month) are ignored.
        number: the new state; None: the current time, a number never used before.
    """
    state = time.time_ns() if number is None else number
    if "month" not in table.partition_by:
        return [Transaction(ROWS, state)]
    return [Transaction(of_month(ROWS, m), state) for m in sorted({m for m in months if m})]
