"""Comparison of new monthly cells with the stored cells: the keys that changed."""

from collections.abc import Mapping, Sequence
from datetime import date

import pyarrow as pa

from feature_store.stored_rows import stored_rows
from features.difference import changed_keys
from features.group import FeatureGroup
from features.tables import monthly_table
from lakehouse.delta.parts import DataFile, of_table
from lakehouse.lake import Lake
from lakehouse.table import Table

# This process holds both states of a month to compare them: about 200 MB for so many cells.
MOST_COMPARED = 400_000


def changed_cells(
    lake: Lake,
    group: FeatureGroup,
    stored: Mapping[date, list[str]],
    parts: Sequence[DataFile],
    months: Sequence[date],
) -> dict[date, pa.Table | None]:
    """List the keys whose new cells differ from the stored cells, by month.

    Args:
        lake: the lake that has the cells.
        group: the group of the cells.
        stored: month → files of the stored cells.
        parts: uncommitted files with the new cells; files of other tables are ignored.
        months: the months to compare.

    Returns:
        Month → changed keys, ``[*group.keys]``; None: more than ``MOST_COMPARED`` new cells, too
        many to compare, so any key may have changed.
    """
    table = monthly_table(group)
    changed: dict[date, pa.Table | None] = {}
    for month in months:
        new = [part for part in of_table(parts, table) if part.month == month]
        if sum(part.rows for part in new) > MOST_COMPARED:
            changed[month] = None
            continue
        states = (stored.get(month, []), [part.path for part in new])
        before, after = (cells(lake, table, paths) for paths in states)
        changed[month] = changed_keys(before, after, group.keys)
    return changed


def cells(lake: Lake, table: Table, paths: Sequence[str]) -> pa.Table:
    """Read cells from files of a table, without the column ``month``."""
    columns = [name for name in table.names if name != "month"]
    return stored_rows(lake, table, {table.path: paths}, columns)
