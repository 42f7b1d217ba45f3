"""What commits say of the rows that they change, as Delta transactions: a name and a number.

A month whose rows change gets a number that there never was: its state. It is in the same commit,
stays in the log's checkpoints for ever, and compaction leaves it as it is (ADR 13).
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from deltalake import Transaction

from lakehouse.table import Table

# Names of the numbers that commits keep (ADR 13): of a month or a table, which rows it has; of a
# month, what they were made from; of a part of the program, its version.
ROWS, MADE, VERSION = "shopcast.rows", "shopcast.made", "shopcast.version"
BITS = 64
# The digest of what a month was made from that lost its rows.
NOTHING = "0" * 16


def as_digest(number: int) -> str:
    """Write a number that a commit keeps as a digest."""
    return f"{number % (1 << BITS):016x}"


def as_number(digest_: str) -> int:
    """Write a digest as a number that a commit can keep: a signed one of 64 bits."""
    return int.from_bytes(bytes.fromhex(digest_), signed=True)


def of_month(name: str, month: date) -> str:
    """Name a number of a month."""
    return f"{name} {month:%Y-%m}"


@dataclass(frozen=True)
class Change:
    """What a build changes in a derived table.

    Attributes:
        number: the state of the months whose rows it replaces.
        versions: of the parts of the program that make the rows.
    """

    number: int = field(default_factory=time.time_ns)
    versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """The state of the months, as ``month_digests`` returns it."""
        return as_digest(self.number)

    def of(self, table: Table, months: Iterable[date]) -> list[Transaction]:
        """Write the change of months of a table as transactions."""
        versions = (Transaction(f"{VERSION} {part}", n) for part, n in self.versions.items())
        return [*rows_changed(table, months, self.number), *versions]


def records(made_from: Mapping[date, str]) -> list[Transaction]:
    """Write what months are made from as transactions."""
    return [Transaction(of_month(MADE, m), as_number(d)) for m, d in made_from.items()]


def rows_changed(
    table: Table, months: Iterable[date | None], number: int | None = None
) -> list[Transaction]:
    """Write as transactions that rows change: of months, or of a table that is not partitioned.

    Args:
        table: whose rows change.
        months: all those whose rows may; a row without a month is of none.
        number: the new state of the months; None: one that there never was.
    """
    state = time.time_ns() if number is None else number
    if "month" not in table.partition_by:
        return [Transaction(ROWS, state)]
    return [Transaction(of_month(ROWS, m), state) for m in sorted({m for m in months if m})]
