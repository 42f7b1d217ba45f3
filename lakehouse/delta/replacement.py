"""Row replacement: one commit that replaces the rows sharing some values, or a whole table."""

from collections.abc import Mapping
from datetime import date

import pyarrow as pa
from deltalake import DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from lakehouse.delta import creation, log
from lakehouse.delta.states import rows_changed
from lakehouse.delta.upserts import all_months
from lakehouse.errors import ConflictError
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.table import Table


def replace_rows(
    lake: Lake, table: Table, rows: pa.Table, shared: Mapping[str, str | date]
) -> None:
    """Replace the rows that share some column values by new rows with the same values.

    Args:
        lake: the lake that has the table; a missing table is created.
        table: the table to change.
        rows: the new rows, with the columns of ``table``.
        shared: column → value; all rows with these values are deleted, and all new rows have them.
    """
    target = creation.create_table(lake, table)
    quoted = ((name, str(value).replace("'", "''")) for name, value in shared.items())
    where = " AND ".join(f"\"{name}\" = '{value}'" for name, value in quoted)
    shaped = table.shaped(rows)
    properties = log.named_transaction(None, change_states(target, table, shared))
    reach(f"before {table.path}")
    write_deltalake(target, shaped, mode="overwrite", predicate=where, commit_properties=properties)
    reach(f"after {table.path}")


def change_states(
    target: DeltaTable, table: Table, shared: Mapping[str, str | date]
) -> list[Transaction]:
    """Return new states for the months that may have rows with some column values.

    Without a month among the values, all months of the table get a new state; an unpartitioned
    table gets none.
    """
    if "month" not in table.partition_by:
        return []
    month = shared.get("month")
    return rows_changed(table, [month] if isinstance(month, date) else all_months(target))


def replace_all(
    lake: Lake, table: Table, rows: pa.Table, transaction: log.Named, version: int
) -> None:
    """Replace all rows of a table in one commit.

    Args:
        lake: the lake that has the table.
        table: the table to change.
        rows: the new rows, with the columns of ``table``.
        transaction: name and number that the commit records; of two concurrent commits with one
            name, Delta refuses the later.
        version: the table version that the new rows were computed from.

    Raises:
        ConflictError: another process wrote the table after ``version``; run again.
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
