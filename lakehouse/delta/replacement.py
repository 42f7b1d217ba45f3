"""Rows that share some values, replaced as a whole by one commit."""

from collections.abc import Mapping
from datetime import date

import pyarrow as pa
from deltalake import DeltaTable, Transaction, write_deltalake

from lakehouse.delta import log
from lakehouse.delta.arrow import all_months
from lakehouse.delta.states import rows_changed
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
    """Return the new states of the months that hold rows of some values."""
    if "month" not in table.partition_by:
        return []
    month = shared.get("month")
    return rows_changed(table, [month] if isinstance(month, date) else all_months(target))
