"""Removal: superseded and unfinished copies, when no reader needs them any more."""

from datetime import timedelta

from psycopg import errors, sql

from lakehouse.faults import reach
from lakehouse.progress import progress
from publishing.postgresql.connection import Connection, fetch
from publishing.postgresql.copies import partition
from publishing.postgresql.layout import PREFIX

# A reader's long transaction may hold a copy, which a later run then removes.
PATIENCE = "10s"
SUPERSEDED = "SELECT copy, table_name FROM {} WHERE superseded_at <= now() - %s ORDER BY copy"
IS_DETACHED_HALF = "SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = to_regclass({})"
OTHER_LAYOUTS = """
SELECT nspname::text FROM pg_namespace WHERE starts_with(nspname, {prefix}) AND nspname <> {schema}
"""
IS_RECENT = "SELECT count(*) > 0 FROM {} WHERE superseded_at > now() - %s"


def remove_superseded(connection: Connection, schema: str, keep: timedelta) -> int:
    """Remove the copies that were superseded longer than ``keep`` ago; return how many.

    Args:
        connection: a connection in autocommit mode.
        schema: the schema of the copies that readers see.
        keep: how long a superseded copy stays for open transactions of readers.
    """
    connection.execute(sql.SQL("SET lock_timeout = {}").format(PATIENCE))
    query = sql.SQL(SUPERSEDED).format(sql.Identifier(schema, "copies"))
    removed = 0
    try:
        for number, table in fetch(connection, query, keep):
            remove_copy(connection, schema, str(table), int(str(number)))
            removed += 1
        remove_other_layouts(connection, schema, keep)
    except errors.LockNotAvailable:
        progress("publish: readers hold a superseded copy, which a later run removes")
    connection.execute(sql.SQL("RESET lock_timeout"))
    return removed


def remove_copy(connection: Connection, schema: str, table: str, number: int) -> None:
    """Detach a copy from its table if it is attached, and drop the copy."""
    detach(connection, schema, table, number)
    drop_copy(connection, schema, table, number)


def detach(connection: Connection, schema: str, table: str, number: int) -> None:
    """Detach a copy from its table, without a lock that readers of the table would wait for.

    A run that was ended in the middle leaves the copy detached by half, invisible to new queries.
    """
    reach("before postgresql removal")
    name = partition(schema, table, number)
    literal = sql.Literal(name.as_string(connection))
    attached = fetch(connection, sql.SQL(IS_DETACHED_HALF).format(literal))
    for (is_half,) in attached:
        connection.execute(
            sql.SQL("ALTER TABLE {} DETACH PARTITION {} {}").format(
                sql.Identifier(schema, table),
                name,
                sql.SQL("FINALIZE" if is_half else "CONCURRENTLY"),
            )
        )


def drop_copy(connection: Connection, schema: str, table: str, number: int) -> None:
    """Drop the table of a copy that no other table has as a partition."""
    reach("before postgresql removal")
    with connection.transaction():
        connection.execute(
            sql.SQL("DROP TABLE IF EXISTS {}").format(partition(schema, table, number))
        )
        forget = sql.SQL("DELETE FROM {} WHERE copy = %s")
        connection.execute(forget.format(sql.Identifier(schema, "copies")), (number,))


def remove_other_layouts(connection: Connection, schema: str, keep: timedelta) -> None:
    """Drop the schemas of copies that programs with other layouts made, once readers left them."""
    query = sql.SQL(OTHER_LAYOUTS).format(prefix=sql.Literal(PREFIX), schema=sql.Literal(schema))
    for (name,) in fetch(connection, query):
        other = str(name)
        recent = sql.SQL(IS_RECENT).format(sql.Identifier(other, "copies"))
        if not fetch(connection, recent, keep)[0][0]:
            reach("before postgresql removal")
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(other)))
