"""Changes of cells: which keys of a month have other cells than those stored."""

from collections.abc import Mapping, Sequence
from datetime import date

import pyarrow as pa

from feature_store.stored_rows import stored_rows
from features.difference import changed_keys
from features.group import FeatureGroup
from features.tables import monthly_table
from lakehouse.delta.parts import Part, of_table
from lakehouse.delta.work import FEW_ROWS
from lakehouse.lake import Lake
from lakehouse.table import Table


def changed_cells(
    lake: Lake,
    group: FeatureGroup,
    stored: Mapping[date, list[str]],
    parts: Sequence[Part],
    months: Sequence[date],
) -> dict[date, pa.Table | None]:
    """List the keys whose cells differ from the stored ones.

    Args:
        lake: where the cells are.
        group: whose cells they are.
        stored: the files of each month as they were.
        parts: the cells made now, not yet committed; those of other tables are left out.
        months: what is compared.

    Returns:
        By month the keys, ``[*group.keys]``; None: too many to compare, so all may.
    """
    table = monthly_table(group)
    found: dict[date, pa.Table | None] = {}
    for month in months:
        made = [part for part in of_table(parts, table) if part.month == month]
        if sum(part.rows for part in made) > FEW_ROWS:
            found[month] = None
            continue
        states = (stored.get(month, []), [part.path for part in made])
        before, after = (cells(lake, table, paths) for paths in states)
        found[month] = changed_keys(before, after, group.keys)
    return found


def cells(lake: Lake, table: Table, paths: Sequence[str]) -> pa.Table:
    """Read the cells of some files, without their month."""
    columns = [name for name in table.names if name != "month"]
    return stored_rows(lake, table, {table.path: paths}, columns)
