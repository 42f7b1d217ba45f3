"""Attachment: finished copies become partitions, still unseen, before readers are switched over.

PostgreSQL plans a statement with the partitions of one moment and runs the statement on the rows of
a later one. If copies were attached in the transaction of the switch, a statement planned just
before would find them current and not read them. So copies are attached first, and the switch
waits until the statements that may not know them have ended.
"""

import time
from collections.abc import Sequence

from psycopg import sql

from lakehouse.faults import reach
from publishing.postgresql.connection import Connection, fetch
from publishing.postgresql.copies import Copy, partition

# No statement takes as long from its plan to its first row. What still runs after that began to
# read before, or is a transaction of readers that waits for its next statement.
PATIENCE_SECONDS, PAUSE_SECONDS = 10.0, 0.02
IS_ATTACHED = "SELECT count(*) > 0 FROM pg_inherits WHERE inhrelid = to_regclass({})"
HOLDERS = """
SELECT DISTINCT virtualtransaction FROM pg_locks
WHERE relation = ANY (%s::text[]::regclass[]) AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def attach_copies(connection: Connection, schema: str, copies: Sequence[Copy]) -> None:
    """Attach copies to their tables, then wait for the statements that were planned before.

    Attaching takes no lock that a reader would wait for.

    Args:
        connection: a connection in autocommit mode.
        schema: the schema of the copies.
        copies: finished copies; those that an earlier run attached stay.
    """
    for copy in copies:
        attach(connection, schema, copy)
    tables = sorted({copy.table for copy in copies})
    wait_for_readers(connection, [sql.Identifier(schema, table) for table in tables])


def attach(connection: Connection, schema: str, copy: Copy) -> None:
    """Make a copy a partition of its table; the CHECK of the copy spares a scan of the rows."""
    name = partition(schema, copy.table, copy.number)
    literal = sql.Literal(name.as_string(connection))
    if fetch(connection, sql.SQL(IS_ATTACHED).format(literal))[0][0]:
        return
    reach("before postgresql attachment")
    connection.execute(
        sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES IN ({})").format(
            sql.Identifier(schema, copy.table), name, sql.Literal(copy.number)
        )
    )
    reach("after postgresql attachment")


def wait_for_readers(connection: Connection, tables: Sequence[sql.Identifier]) -> None:
    """Wait until the transactions that now read tables have ended, or ``PATIENCE_SECONDS``."""
    names = [table.as_string(connection) for table in tables]
    before = set(fetch(connection, sql.SQL(HOLDERS), names))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while before and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        before &= set(fetch(connection, sql.SQL(HOLDERS), names))
