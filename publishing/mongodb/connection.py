"""Connections to MongoDB: opened by URL, with errors made plain."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import ConfigurationError, PyMongoError

from lakehouse.errors import RefusedError, UsageError

Items: TypeAlias = Database[dict[str, Any]]
DATABASE = "shopcast"
# A server that hangs must not hold up a run for ever; inserts of a thousand documents take less.
TIMEOUTS = {"serverSelectionTimeoutMS": 5_000, "socketTimeoutMS": 60_000}


def open_database(url: str, **timeouts: int) -> Items:
    """Open the database that a URL names, or else ``shopcast``; nothing is asked of the server.

    Args:
        url: URL of the server and database; options in the URL win over ``timeouts``.
        timeouts: options of MongoClient, milliseconds; missing ones are those of ``TIMEOUTS``.

    Raises:
        UsageError: the URL is not a MongoDB URL.
    """
    try:
        given = {name.lower() for name, _ in parse_qsl(urlsplit(url).query)}
        defaults = {**TIMEOUTS, **timeouts}
        options: dict[str, Any] = {
            name: value for name, value in defaults.items() if name.lower() not in given
        }
        client: MongoClient[dict[str, Any]] = MongoClient(url, **options)
        return client.get_default_database(DATABASE)
    except (ConfigurationError, ValueError):
        # The message of pymongo may repeat the URL, which may hold a password.
        raise UsageError(
            "The URL of MongoDB cannot be read; write mongodb://USER:PASSWORD@HOST:PORT/DATABASE "
            "and percent-encode special characters."
        ) from None


@contextmanager
def connected(url: str) -> Iterator[Items]:
    """Open the database that a URL names; close the connections at the end of the block.

    Raises:
        UsageError: the URL is not a MongoDB URL.
        RefusedError: the server does not answer, or refuses a command.
    """
    database = open_database(url)
    with database.client:
        try:
            yield database
        except PyMongoError as error:
            reason = " ".join(str(error).split())
            raise RefusedError(
                f"MongoDB: {reason}; check the URL and the user's rights (docs/how_to/copies.md)."
            ) from None


def public_url(database: Items) -> str:
    """Return the address of a database without user and password."""
    host, port = database.client.address or ("", 0)
    return f"mongodb://{host}:{port}/{database.name}"
