"""What a reader of a database sees."""

import time
from collections.abc import Iterable
from typing import Any

import psycopg

Row = tuple[Any, ...]


def ask(url: str, query: str) -> list[Row]:
    """Run a query as a reader, and return the rows."""
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def table(url: str, name: str, columns: str = "*") -> list[Row]:
    """Return the rows of a view of the schema shopcast, sorted."""
    return in_order(ask(url, f"SELECT {columns} FROM shopcast.{name}"))


def in_order(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=repr)


def wait_until_idle(url: str, seconds: float = 10) -> None:
    """Wait until the sessions of other clients of a database have ended."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + seconds
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(query).fetchone() != (0,):
            assert time.monotonic() < deadline
            time.sleep(0.02)
