"""Pointer: the document that names the collection which readers read."""

from dataclasses import dataclass

from lakehouse.errors import ConflictError, RefusedError
from lakehouse.faults import reach
from lakehouse.lake import Lake
from publishing.mongodb.connection import Items

POINTERS, ITEMS = "shopcast", "items"


@dataclass(frozen=True)
class Pointer:
    """What readers read.

    Attributes:
        lake: URI of the lake that the copy belongs to.
        state: state of the lake that the documents were made from; None: nothing is published.
        collection: the collection that readers read; None: nothing is published.
        previous: the collection before, which a reader may still be reading; None: none.
    """

    lake: str
    state: str | None = None
    collection: str | None = None
    previous: str | None = None

    def in_use(self, *, keeps_previous: bool) -> set[str]:
        """Return the names of the collections that must stay."""
        names = (self.collection, self.previous if keeps_previous else None)
        return {name for name in names if name}


def read_pointer(database: Items) -> Pointer | None:
    """Read the pointer; None: nothing was ever published to the database."""
    stored = database[POINTERS].find_one({"_id": ITEMS}, {"_id": 0})
    return None if stored is None else Pointer(**stored)


def claim(database: Items, lake: Lake) -> Pointer:
    """Assign a database to a lake, if it belongs to no lake yet, and return the pointer.

    Raises:
        RefusedError: the database belongs to another lake; name another database.
    """
    pointer = read_pointer(database)
    if pointer is None:
        reach("before mongodb claim")
        pointer = Pointer(lake.root)
        database[POINTERS].insert_one({"_id": ITEMS, **vars(pointer)})
    if pointer.lake != lake.root:
        raise RefusedError(
            f"Database {database.name}: it has the items of {pointer.lake}; name another database "
            f"for {lake.root}, or drop the collection {POINTERS} if the lake has moved."
        )
    return pointer


def move_pointer(database: Items, before: Pointer, after: Pointer) -> None:
    """Let readers read another collection, unless another process has done so meanwhile.

    Raises:
        ConflictError: another process published to the database; run again.
    """
    reach("before mongodb publication")
    expected = {"_id": ITEMS, "collection": before.collection}
    moved = database[POINTERS].replace_one(expected, {"_id": ITEMS, **vars(after)})
    if not moved.matched_count:
        raise ConflictError(f"Database {database.name}: another process published; run again.")
