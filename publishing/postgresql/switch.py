"""Switch: one transaction after which readers see the new copies instead of the old ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import errors, sql

from lakehouse.errors import ConflictError, RefusedError
from lakehouse.faults import reach
from lakehouse.lake import Lake
from publishing.postgresql.connection import SCHEMA, Connection, fetch
from publishing.postgresql.copies import Copy
from publishing.postgresql.layout import Layout
from publishing.postgresql.ownership import PUBLICATION, published_layout
from publishing.postgresql.readers import let_read

# Statements that come while the switch waits for a lock on a view wait, too.
PATIENCE = "30s"


@dataclass(frozen=True)
class Target:
    """The copies of a lake in a database.

    Attributes:
        connection: a connection in autocommit mode, which holds the lock of publishers.
        lake: the lake.
        layout: the tables and views of this program.
    """

    connection: Connection
    lake: Lake
    layout: Layout

    @property
    def is_new(self) -> bool:
        """Whether readers see the views of another layout, or no views at all."""
        return published_layout(self.connection) != self.layout.schema


@dataclass(frozen=True)
class Changes:
    """What a publication changes.

    Attributes:
        copies: finished copies that readers do not see yet.
        superseded: copies that readers see until the switch.
    """

    copies: Sequence[Copy]
    superseded: Sequence[Copy]

    @property
    def is_any(self) -> bool:
        """Whether readers will see another state."""
        return bool(self.copies or self.superseded)

    @property
    def rows(self) -> dict[str, int]:
        """Name of a table → rows copied."""
        names = sorted({copy.table for copy in self.copies})
        return {n: sum(copy.rows for copy in self.copies if copy.table == n) for n in names}


def switch(target: Target, changes: Changes) -> None:
    """Let readers see the new copies instead of the superseded ones, in one transaction.

    The new copies are attached already. Views are made again only where the layout changed.

    Raises:
        ConflictError: a lock could not be had; run again.
        RefusedError: views of analysts depend on a view that must change.
    """
    connection, schema = target.connection, target.layout.schema
    try:
        with connection.transaction():
            connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(PATIENCE))
            if target.is_new:
                replace_views(target)
                let_read(connection, target.layout.views)
            mark(connection, schema, "superseded_at", changes.superseded)
            mark(connection, schema, "published_at", changes.copies)
            reach("before postgresql publication")
    except errors.LockNotAvailable:
        raise ConflictError(
            f"Database {connection.info.dbname}: a transaction holds a lock on the copy for more "
            f"than {PATIENCE}; end it, or run again later."
        ) from None


def mark(connection: Connection, schema: str, column: str, copies: Sequence[Copy]) -> None:
    """Set a time column of copies to the time of the transaction."""
    update = sql.SQL("UPDATE {} SET {} = now() WHERE copy = ANY (%s)").format(
        sql.Identifier(schema, "copies"), sql.Identifier(column)
    )
    connection.execute(update, ([copy.number for copy in copies],))


def replace_views(target: Target) -> None:
    """Let the analysts' views read the tables of this layout, within a transaction.

    Views whose columns stay or only become more are replaced in place, so that views of analysts
    over them stay valid. Otherwise all views are dropped and made again.

    Raises:
        RefusedError: other views depend on a view whose columns change; drop the other views.
    """
    connection, layout = target.connection, target.layout
    before = published_layout(connection)
    try:
        with connection.transaction():
            create_views(target)
    except errors.InvalidTableDefinition:
        drop_views(connection, existing_views(connection))
        create_views(target)
    drop_views(connection, sorted(set(existing_views(connection)) - set(layout.views)))
    record = sql.SQL("UPDATE {} SET layout = %s").format(PUBLICATION)
    connection.execute(record, (layout.schema,))
    if before is not None:
        supersede = sql.SQL("UPDATE {} SET superseded_at = now() WHERE superseded_at IS NULL")
        connection.execute(supersede.format(sql.Identifier(before, "copies")))


def create_views(target: Target) -> None:
    """Create or replace the views of a layout."""
    for statement in target.layout.create_views(target.layout.schema):
        target.connection.execute(statement)


def existing_views(connection: Connection) -> list[str]:
    """List the views of the schema ``shopcast``."""
    query = sql.SQL("SELECT viewname::text FROM pg_views WHERE schemaname = {}")
    return [str(name) for (name,) in fetch(connection, query.format(sql.Literal(SCHEMA)))]


def drop_views(connection: Connection, names: Sequence[str]) -> None:
    """Drop views of the schema ``shopcast``.

    Raises:
        RefusedError: other views depend on one of the views; drop the other views.
    """
    if not names:
        return
    views = sql.SQL(", ").join(sql.Identifier(SCHEMA, name) for name in names)
    try:
        connection.execute(sql.SQL("DROP VIEW {}").format(views))
    except errors.DependentObjectsStillExist as error:
        raise RefusedError(
            f"Database {connection.info.dbname}: this version of the program has other columns in "
            f"its views, and {error.diag.message_detail}; drop these views, publish again, and "
            "create them anew."
        ) from None
