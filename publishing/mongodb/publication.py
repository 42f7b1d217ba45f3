"""Publication: item documents in a new collection, to which a pointer then moves."""

from datetime import datetime
from uuid import uuid4

from lakehouse.delta import listing, log
from lakehouse.errors import ConflictError
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.progress import progress
from lakehouse.tables.silver import ITEMS as CATALOGUE
from publishing.contents import Extent, monthly_cells
from publishing.mongodb.connection import Items, connected, public_url
from publishing.mongodb.documents import item_documents
from publishing.mongodb.pointer import ITEMS, Pointer, claim, move_pointer
from publishing.outcome import Published
from publishing.units import whole_unit
from publishing.versions import served_version

# Change with the documents: a copy with another number is made again.
FORM = 1


def publish(url: str, lake: Lake, extent: Extent, now: datetime) -> Published:
    """Copy the items of a lake to MongoDB, if anything changed since the last publication.

    Documents are only ever inserted, into a new collection: a reader sees all of the old documents
    or all of the new ones, and a killed run leaves the old ones untouched.

    Args:
        url: URL of the database.
        lake: the lake to copy.
        extent: says whether the collection before stays for readers that still use it.
        now: the current time, part of the collection's name.

    Raises:
        RefusedError: the database belongs to another lake, or the server refuses a command.
        ConflictError: another process publishes to the database.
    """
    with connected(url) as database:
        before, state = claim(database, lake), items_state(lake)
        after, count = before, 0
        if before.state != state:
            name = f"{ITEMS}_{now:%Y%m%dT%H%M%S}_{uuid4().hex[:8]}"
            count = insert_documents(database, name, lake)
            after = Pointer(lake.root, state, name, before.collection)
            move_pointer(database, before, after)
        removed = remove_unused(database, after.in_use(keeps_previous=bool(extent.keep)))
        is_published = after is not before
        return Published(
            public_url(database), {ITEMS: count} if is_published else {}, is_published, removed
        )


def items_state(lake: Lake) -> str:
    """Digest what the documents are made from."""
    cells, served = monthly_cells(lake), served_version(lake)
    months = listing.month_digests(lake, cells) if log.exists(lake, cells) else {}
    catalogue = [unit.state for unit in whole_unit(lake, CATALOGUE)]
    return log.digest([FORM, catalogue, sorted(months.items()), served and vars(served)])


def insert_documents(database: Items, name: str, lake: Lake) -> int:
    """Insert the documents of all items into a new collection, and count the documents.

    Raises:
        ConflictError: documents are missing afterwards, because another process that publishes
            took the collection for unused; run again.
    """
    inserted = 0
    for documents in item_documents(lake):
        reach("before mongodb items")
        database[name].insert_many(documents, ordered=False)
        inserted += len(documents)
        progress("publish: %d items", inserted)
    if database[name].count_documents({}) != inserted:
        raise ConflictError(f"Database {database.name}: another process publishes; run again.")
    return inserted


def remove_unused(database: Items, in_use: set[str]) -> int:
    """Drop the collections of earlier and of unfinished publications; return how many."""
    names = [n for n in database.list_collection_names() if n.startswith(f"{ITEMS}_")]
    unused = sorted(set(names) - in_use)
    for name in unused:
        reach("before mongodb removal")
        database.drop_collection(name)
    return len(unused)
