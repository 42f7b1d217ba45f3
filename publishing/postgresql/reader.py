"""Reads of a copy for the API, through the views that the read-only role may query."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
import pyarrow as pa
from psycopg import errors, sql
from psycopg_pool import ConnectionPool

from publishing.postgresql.connection import SCHEMA, Connection, parse_url

CONNECTIONS, SECONDS_TO_WAIT = 8, 5
# Longer than any lookup takes, so that a server that hangs does not hold all connections.
STATEMENT_TIMEOUT = "30s"
SERVED = "SELECT {} FROM {} WHERE status = 'published' ORDER BY version DESC LIMIT 1"
OF_PAIRS = """
SELECT {columns} FROM {forecasts} AS f
JOIN unnest(%s::text[], %s::text[]) AS pair (shop, item)
    ON pair.shop = f.shop_id AND pair.item = f.item_id
WHERE f.version = %s
"""
IS_COPIED = "SELECT count(*) > 0 FROM {} WHERE table_name = 'forecasts' AND unit = %s"


class CopyUnavailableError(Exception):
    """The copy cannot be read now; the message names no address."""


class CopyReader:
    """Reads the newest copy of a lake; may be shared by threads.

    Args:
        url: URL of the database; what the URL leaves out, libpq reads from PGHOST, PGUSER and so
            on.

    Raises:
        UsageError: the URL is not a PostgreSQL URL.
    """

    def __init__(self, url: str) -> None:
        options = f"-c statement_timeout={STATEMENT_TIMEOUT} -c default_transaction_read_only=on"
        self._pool = ConnectionPool(
            parse_url(url),
            kwargs={"options": options, "autocommit": True},
            min_size=0,
            max_size=CONNECTIONS,
            timeout=SECONDS_TO_WAIT,
            open=False,
            check=ConnectionPool.check_connection,
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def served_version(self, schema: pa.Schema) -> pa.Table:
        """Read the newest published row of gold.forecast_versions; no row: nothing is published.

        Args:
            schema: columns to read, with their types.
        """
        query = sql.SQL(SERVED).format(
            names_of(schema), sql.Identifier(SCHEMA, "forecast_versions")
        )
        try:
            return self._read(schema, query)
        except errors.UndefinedTable:
            return schema.empty_table()

    def shops(self, schema: pa.Schema) -> pa.Table:
        """Read columns of silver.shops."""
        return self._read(schema, select(schema, "shops"))

    def ids(self, column: str, version: str) -> frozenset[str]:
        """Return the distinct values of an id column of a version's forecasts."""
        query = sql.SQL("SELECT DISTINCT {} FROM {} WHERE version = %s").format(
            sql.Identifier(column), sql.Identifier(SCHEMA, "forecasts")
        )
        with self._connected() as connection:
            return frozenset(str(value) for (value,) in connection.execute(query, (version,)))

    def forecasts_of_shop(self, schema: pa.Schema, version: str, shop_id: str) -> pa.Table:
        """Read columns of a version's forecasts of a shop.

        Raises:
            CopyUnavailableError: the version is no longer in the copy.
        """
        where = sql.SQL(" WHERE version = %s AND shop_id = %s")
        query = select(schema, "forecasts") + where
        return self._require(version, self._read(schema, query, version, shop_id))

    def forecasts_of_pairs(
        self, schema: pa.Schema, version: str, pairs: Sequence[tuple[str, str]]
    ) -> pa.Table:
        """Read columns of a version's forecasts of distinct pairs of shop and item.

        Raises:
            CopyUnavailableError: the version is no longer in the copy.
        """
        columns = sql.SQL(", ").join(sql.Identifier("f", name) for name in schema.names)
        forecasts = sql.Identifier(SCHEMA, "forecasts")
        query = sql.SQL(OF_PAIRS).format(columns=columns, forecasts=forecasts)
        shops, items = ([pair[place] for pair in pairs] for place in (0, 1))
        return self._require(version, self._read(schema, query, shops, items, version))

    def _require(self, version: str, rows: pa.Table) -> pa.Table:
        """Return rows; if there are none, check that the copy still has the version."""
        if not len(rows):
            query = sql.SQL(IS_COPIED).format(sql.Identifier(SCHEMA, "copy_status"))
            with self._connected() as connection:
                if connection.execute(query, (version,)).fetchone() != (True,):
                    raise CopyUnavailableError(f"Version {version} is no longer in the copy.")
        return rows

    def _read(self, schema: pa.Schema, query: sql.Composed, *values: object) -> pa.Table:
        with self._connected() as connection:
            rows = connection.execute(query, values or None, binary=True).fetchall()
        columns = list(zip(*rows, strict=True)) or [()] * len(schema)
        arrays = [pa.array(v, f.type) for v, f in zip(columns, schema, strict=True)]
        return pa.table(arrays, schema=schema)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        self._pool.open()
        try:
            with self._pool.connection() as connection:
                yield connection
        except errors.UndefinedTable:
            raise
        except psycopg.Error as error:
            raise CopyUnavailableError(
                f"The database of the copy does not answer ({type(error).__name__})."
            ) from error


def names_of(schema: pa.Schema) -> sql.Composed:
    """Write the names of columns as a list for SELECT."""
    return sql.SQL(", ").join(map(sql.Identifier, schema.names))


def select(schema: pa.Schema, view: str) -> sql.Composed:
    """Write the query of columns of a view."""
    return sql.SQL("SELECT {} FROM {}").format(names_of(schema), sql.Identifier(SCHEMA, view))
