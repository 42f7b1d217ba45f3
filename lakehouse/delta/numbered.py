"""Numbered appends: rows that carry the number of their commit, so that commits have one order."""

from collections.abc import Callable

import pyarrow as pa
from deltalake import write_deltalake
from deltalake.exceptions import CommitFailedError

from lakehouse.delta import creation, log
from lakehouse.errors import ConflictError
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.table import Table

MOST_TRIES = 10


def append_numbered(lake: Lake, table: Table, name: str, rows_of: Callable[[int], pa.Table]) -> int:
    """Append rows in one commit, and return the commit's number, which is one more than the last.

    Of two processes that append at the same time, Delta refuses the later one, which tries again
    with the next number.

    Args:
        lake: the lake that has the table; a missing table is created.
        table: the table to append to.
        name: of the transaction that keeps the number.
        rows_of: number → rows with the columns of ``table``.

    Raises:
        ConflictError: other processes were earlier each time; try again.
    """
    for _ in range(MOST_TRIES):
        target = creation.create_table(lake, table)
        version = target.version()
        number = (target.transaction_version(name) or 0) + 1
        rows = table.shaped(rows_of(number))
        properties = log.named_transaction(log.Named(name, number))
        reach(f"before {table.path}")
        try:
            if target.version() != version:
                raise CommitFailedError(f"version {target.version()} follows {version}")
            write_deltalake(target, rows, mode="append", commit_properties=properties)
        except CommitFailedError:
            continue
        reach(f"after {table.path}")
        return number
    raise ConflictError(f"{table.path}: other processes write it all the time; try again.")
