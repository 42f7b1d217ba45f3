"""Reads of item documents for the API."""

from typing import Any

from pymongo.errors import PyMongoError

from publishing.mongodb.connection import open_database
from publishing.mongodb.pointer import read_pointer

# A request waits at most so long for a server that does not answer.
TIMEOUTS = {"serverSelectionTimeoutMS": 2_000, "connectTimeoutMS": 2_000, "socketTimeoutMS": 5_000}


class ItemsUnavailableError(Exception):
    """The item documents cannot be read now; the message is fit for an answer of the API."""


class ItemReader:
    """Reads item documents of the newest publication; may be shared by threads.

    Args:
        url: URL of the database.

    Raises:
        UsageError: the URL is not a MongoDB URL.
    """

    def __init__(self, url: str) -> None:
        self._database = open_database(url, **TIMEOUTS)

    def find(self, item_id: str) -> dict[str, Any] | None:
        """Return the document of an item; None: no such item.

        Raises:
            ItemsUnavailableError: the server does not answer, or nothing is published.
        """
        try:
            return self._find(item_id)
        except PyMongoError as error:
            raise ItemsUnavailableError(
                f"The database of items does not answer ({type(error).__name__})."
            ) from error

    def _find(self, item_id: str) -> dict[str, Any] | None:
        pointer = read_pointer(self._database)
        if pointer is None or pointer.collection is None:
            raise ItemsUnavailableError("No items are published; run jobs.publish.")
        return self._database[pointer.collection].find_one({"_id": item_id})

    def close(self) -> None:
        """Close the connections."""
        self._database.client.close()
