"""Ownership: the lake that a database's copy belongs to, and the layout that readers see."""

from psycopg import sql

from lakehouse.errors import RefusedError
from lakehouse.faults import reach
from lakehouse.lake import Lake
from publishing.postgresql.connection import SCHEMA, Connection, fetch

PUBLICATION = sql.Identifier(SCHEMA, "publication")
CREATE = """
CREATE SCHEMA {schema};
COMMENT ON SCHEMA {schema} IS 'Monthly demand: sales, forecasts and their accuracy, shop by item.';
CREATE TABLE {publication} (lake text NOT NULL, layout text COLLATE "C");
COMMENT ON TABLE {publication} IS 'The lake that the copy belongs to: one row, not for readers.';
COMMENT ON COLUMN {publication}.lake IS 'URI of the lake';
COMMENT ON COLUMN {publication}.layout IS 'schema of the copies; null: nothing is published';
INSERT INTO {publication} (lake) VALUES ({lake});
"""


def claim(connection: Connection, lake: Lake) -> None:
    """Assign a database to a lake, if the database belongs to no lake yet.

    Raises:
        RefusedError: the database belongs to another lake; name another database.
    """
    is_claimed = fetch(
        connection,
        sql.SQL("SELECT to_regclass({}) IS NOT NULL").format(
            sql.Literal(PUBLICATION.as_string(connection))
        ),
    )[0][0]
    if not is_claimed:
        reach("before postgresql claim")
        names = {"schema": sql.Identifier(SCHEMA), "publication": PUBLICATION}
        with connection.transaction():
            connection.execute(sql.SQL(CREATE).format(lake=sql.Literal(lake.root), **names))
    owner = fetch(connection, sql.SQL("SELECT lake FROM {}").format(PUBLICATION))[0][0]
    if owner != lake.root:
        raise RefusedError(
            f"Database {connection.info.dbname}: its schema {SCHEMA} has the copy of {owner}; name "
            f"another database for {lake.root}, or drop the schema if the lake has moved."
        )


def published_layout(connection: Connection) -> str | None:
    """Return the schema of the copies that readers see; None: nothing is published yet."""
    layout = fetch(connection, sql.SQL("SELECT layout FROM {}").format(PUBLICATION))[0][0]
    return None if layout is None else str(layout)
