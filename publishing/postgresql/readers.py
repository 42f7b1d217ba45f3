"""Read-only role: may query the analysts' views, and nothing else."""

from collections.abc import Sequence
from contextlib import suppress

from psycopg import errors, sql

from lakehouse.faults import reach
from lakehouse.progress import progress
from publishing.postgresql.connection import READER, SCHEMA, Connection, fetch

CREATE = "CREATE ROLE {} NOLOGIN"
MAY_CREATE = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
MAY_READ = """
SELECT has_schema_privilege({role}, {schema}, 'USAGE')
    AND bool_and(has_table_privilege({role}, oid, 'SELECT'))
FROM pg_class WHERE relnamespace = {schema}::regnamespace AND relname = ANY (%s)
"""


def has_role(connection: Connection) -> bool:
    """Create the read-only role if it is missing; return whether the role exists.

    A publisher without the right to create roles only logs which statement creates the role.
    """
    query = sql.SQL("SELECT count(*) > 0 FROM pg_roles WHERE rolname = {}")
    if fetch(connection, query.format(sql.Literal(READER)))[0][0]:
        return True
    if not fetch(connection, sql.SQL(MAY_CREATE))[0][0]:
        create = CREATE.format(READER)
        progress("publish: the role of readers is missing; let an administrator run %s", create)
        return False
    reach("before postgresql role")
    # Roles belong to all databases of the server, and another database's run may come first.
    with suppress(errors.DuplicateObject), connection.transaction():
        connection.execute(sql.SQL(CREATE).format(sql.Identifier(READER)))
    return True


def let_read(connection: Connection, views: Sequence[str]) -> None:
    """Let the read-only role query views of the schema ``shopcast``, if the role may not yet."""
    if not has_role(connection):
        return
    schema, role = sql.Identifier(SCHEMA), sql.Identifier(READER)
    names = {"schema": sql.Literal(SCHEMA), "role": sql.Literal(READER)}
    if fetch(connection, sql.SQL(MAY_READ).format(**names), list(views))[0][0]:
        return
    reach("before postgresql grants")
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role))
    readable = sql.SQL(", ").join(sql.Identifier(SCHEMA, name) for name in views)
    connection.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(readable, role))
