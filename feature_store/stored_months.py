"""Months of tables that may not exist yet: a missing table has no months."""

from datetime import date

from lakehouse.delta import listing, log
from lakehouse.lake import Lake
from lakehouse.table import Table


def month_files(lake: Lake, table: Table) -> dict[date, list[str]]:
    """List the files of each month of a table; empty if the table does not exist yet."""
    return listing.month_files(lake, table) if log.exists(lake, table) else {}


def month_states(lake: Lake, table: Table) -> dict[date, str]:
    """Return the state of each month of a table; empty if the table does not exist yet."""
    return stored_months(lake, table).states


def stored_months(lake: Lake, table: Table) -> listing.Months:
    """Return the files and states of each month of a table; empty if the table does not exist."""
    if not log.exists(lake, table):
        return listing.Months({}, {})
    return listing.list_months(lake, table)
