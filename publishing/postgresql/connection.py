"""Connections to PostgreSQL: opened by URL, locked for one publisher, with errors made plain."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lakehouse.errors import ConflictError, RefusedError, UsageError

Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]
# The key of the advisory lock of publishers: "shopcast" as ASCII.
LOCK = int.from_bytes(b"shopcast")
SECONDS_TO_CONNECT = 10
# The session of a killed process keeps its lock until the server notices.
PATIENCE = "10s"
# What analysts read, and who reads it.
SCHEMA, READER = "shopcast", "shopcast_reader"


def parse_url(url: str) -> str:
    """Return libpq's connection string of a URL, with a time to connect and the program's name.

    Raises:
        UsageError: the URL is not a PostgreSQL URL.
    """
    try:
        parameters = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The message of libpq repeats the URL, which may hold a password.
        raise UsageError(
            "The URL of PostgreSQL cannot be read; write postgresql://USER@HOST:PORT/DATABASE and "
            "percent-encode special characters."
        ) from None
    defaults: dict[str, Any] = {
        "connect_timeout": SECONDS_TO_CONNECT,
        "application_name": "shopcast",
    }
    return make_conninfo("", **(defaults | parameters))


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Open a connection in autocommit mode; close the connection at the end of the block.

    What the URL leaves out, libpq reads from PGHOST, PGUSER, PGPASSWORD, PGPASSFILE and so on.

    Raises:
        UsageError: the URL is not a PostgreSQL URL.
        RefusedError: the server does not answer, refuses the login, or refuses a statement.
    """
    try:
        with psycopg.connect(parse_url(url), autocommit=True) as connection:
            yield connection
    except (psycopg.OperationalError, errors.InsufficientPrivilege) as error:
        reason = " ".join(str(error).split())
        raise RefusedError(
            f"PostgreSQL: {reason}; check the URL, PG* variables, and the privileges of the user "
            "(docs/how_to/copies.md)."
        ) from None


@contextmanager
def locked(connection: Connection) -> Iterator[None]:
    """Hold the lock of publishers, so that no second publisher removes unfinished copies.

    Raises:
        ConflictError: another process publishes to the database; run again when it has ended.
    """
    connection.execute(sql.SQL("SET lock_timeout = {}").format(PATIENCE))
    try:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
    except errors.LockNotAvailable:
        raise ConflictError(
            f"Database {connection.info.dbname}: another process publishes to it; run again when "
            "that process has ended."
        ) from None
    connection.execute("RESET lock_timeout")
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))


def fetch(
    connection: Connection, query: sql.SQL | sql.Composed, *values: object
) -> list[tuple[object, ...]]:
    """Run a query and return all rows."""
    return connection.execute(query, values or None).fetchall()


def public_url(connection: Connection) -> str:
    """Return the address of the database without user and password."""
    info = connection.info
    host = info.host if not info.host.startswith("/") else "localhost"
    return f"postgresql://{host}:{info.port}/{info.dbname}"
