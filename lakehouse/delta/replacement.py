"""Rows that share some values, replaced as a whole by one commit."""

from collections.abc import Mapping
from datetime import date

import pyarrow as pa
from deltalake import write_deltalake

from lakehouse.delta import log
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
    reach(f"before {table.path}")
    write_deltalake(target, table.shaped(rows), mode="overwrite", predicate=where)
    reach(f"after {table.path}")
