"""Publication: copies of all that changed in a lake, switched to in one transaction."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from psycopg import sql

from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.progress import progress
from publishing.contents import COPIED_SALES, CopiedTable, Extent, copied_tables, units_of
from publishing.outcome import Published
from publishing.postgresql.attachment import attach_copies
from publishing.postgresql.connection import connected, locked, public_url
from publishing.postgresql.copies import list_copies, make_copy
from publishing.postgresql.layout import Layout
from publishing.postgresql.ownership import claim, published_layout
from publishing.postgresql.readers import let_read
from publishing.postgresql.removal import remove_copy, remove_superseded
from publishing.postgresql.switch import Changes, Target, switch
from publishing.units import Unit


def publish(url: str, lake: Lake, extent: Extent) -> Published:
    """Copy what changed in a lake since the last publication to PostgreSQL, and publish it.

    Args:
        url: URL of the database.
        lake: the lake to copy.
        extent: how much to copy and keep; without ``sales_from``, the daily sales from the first
            month that an earlier run copied.

    Raises:
        RefusedError: the database belongs to another lake, or refuses a statement.
        LakeError: the lake's served version is incomplete; forecast again.
        ConflictError: another process publishes to the database.
    """
    with connected(url) as connection, locked(connection):
        claim(connection, lake)
        target = Target(connection, lake, Layout(copied_tables(lake)))
        create_tables(target)
        changes = copy_changes(target, extent)
        is_published = changes.is_any or target.is_new
        if is_published:
            attach_copies(connection, target.layout.schema, changes.copies)
            switch(target, changes)
        let_read(connection, target.layout.views)
        removed = remove_superseded(connection, target.layout.schema, extent.keep)
        return Published(public_url(connection), changes.rows, is_published, removed)


def create_tables(target: Target) -> None:
    """Create the tables of the layout, unless an earlier run has."""
    schema = sql.Literal(target.layout.schema)
    query = sql.SQL("SELECT 1 FROM pg_namespace WHERE nspname = {}").format(schema)
    if target.connection.execute(query).fetchone():
        return
    reach("before postgresql tables")
    with target.connection.transaction():
        for statement in target.layout.create_tables(target.layout.schema):
            target.connection.execute(statement)


def copy_changes(target: Target, extent: Extent) -> Changes:
    """Copy each unit whose state in the lake differs from that of the copy which readers see.

    Copies that an earlier run finished but did not publish are taken over, or dropped if the lake
    has changed since.
    """
    listed = list_copies(target.connection, target.layout.schema)
    current = {copy.of: copy for copy in listed if copy.is_published}
    unfinished = {(*copy.of, copy.state): copy for copy in listed if not copy.is_published}
    wanted = dict(wanted_units(target, with_sales(target, extent)))
    copies = []
    for (name, unit_name), (table, unit) in wanted.items():
        key = (name, unit_name)
        if key in current and current[key].state == unit.state:
            continue
        copy = unfinished.pop((*key, unit.state), None)
        if copy is None:
            progress("publish: %s %s", name, unit_name)
            copy = make_copy(target.connection, target.layout.schema, target.lake, table, unit)
        copies.append(copy)
    for copy in unfinished.values():
        remove_copy(target.connection, target.layout.schema, copy.table, copy.number)
    replaced = {copy.of for copy in copies}
    superseded = [c for key, c in current.items() if key in replaced or key not in wanted]
    return Changes(copies, superseded)


def with_sales(target: Target, extent: Extent) -> Extent:
    """Complete an extent by the daily sales' first month in the copy that readers see."""
    seen = published_layout(target.connection)
    copies = list_copies(target.connection, seen) if seen else []
    months = [c.unit for c in copies if c.is_published and c.table == COPIED_SALES.name]
    if extent.sales_from or not months:
        return extent
    return replace(extent, sales_from=date.fromisoformat(f"{min(months)}-01"))


def wanted_units(
    target: Target, extent: Extent
) -> Iterator[tuple[tuple[str, str], tuple[CopiedTable, Unit]]]:
    """Yield (table, unit) by their names, of all that the copy should have."""
    for table in target.layout.tables:
        for unit in units_of(target.lake, table, extent):
            yield (table.name, unit.name), (table, unit)
