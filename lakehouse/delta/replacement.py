"""Rows that share some values, or all rows of a table, replaced as a whole by one commit."""

from collections.abc import Mapping
from datetime import date

import pyarrow as pa
from deltalake import DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from lakehouse.delta import log
from lakehouse.delta.arrow import all_months
from lakehouse.delta.states import rows_changed
from lakehouse.errors import ConflictError
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.table import Table


def replace_rows(
    lake: Lake, table: Table, rows: pa.Table, shared: Mapping[str, str | date]
) -> None:
    """Replace the rows that have some values by others that have them too.

    Args:
        lake: where the table is; created where it is missing.
        table: what they belong to.
        rows: the columns of ``table``.
        shared: column → the value of every row that is removed or written.
    """
    target = log.create(lake, table)
    quoted = ((name, str(value).replace("'", "''")) for name, value in shared.items())
    where = " AND ".join(f"\"{name}\" = '{value}'" for name, value in quoted)
    shaped = table.shaped(rows)
    properties = log.named_transaction(None, states_moved(target, table, shared))
    reach(f"before {table.path}")
    write_deltalake(target, shaped, mode="overwrite", predicate=where, commit_properties=properties)
    reach(f"after {table.path}")


def states_moved(
    target: DeltaTable, table: Table, shared: Mapping[str, str | date]
) -> list[Transaction]:
    """Return the new states of the months that may hold rows of some values; of none, of all."""
    if "month" not in table.partition_by:
        return []
    month = shared.get("month")
    return rows_changed(table, [month] if isinstance(month, date) else all_months(target))


def replace_all(
    lake: Lake, table: Table, rows: pa.Table, transaction: log.Named, version: int
) -> None:
    """Replace all rows of a table by one commit.

    Args:
        lake: where the table is.
        table: what they belong to.
        rows: the columns of ``table``.
        transaction: that the log remembers; of two writers at the same time it makes one fail.
        version: of the table, which the rows were made from.

    Raises:
        ConflictError: another process wrote the table since that version.
    """
    target = log.load(lake, table)
    reach(f"before {table.path}")
    try:
        if target.version() != version:
            raise CommitFailedError(f"version {target.version()} follows {version}")
        write_deltalake(
            target,
            table.shaped(rows),
            mode="overwrite",
            commit_properties=log.named_transaction(transaction),
        )
    except CommitFailedError as error:
        raise ConflictError(
            f"{target.table_uri}: another process wrote it meanwhile; run again."
        ) from error
    reach(f"after {table.path}")
