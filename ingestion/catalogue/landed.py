"""Landed catalogue messages: files of a landing folder → silver.shops and silver.items."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from ingestion.arrivals import Reception
from ingestion.catalogue.messages import MESSAGE, merge_messages
from ingestion.files.source_file import open_source
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows
from lakehouse.delta.creation import create_table
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.tables.bronze import CATALOGUE_EVENTS
from lakehouse.tables.silver import ITEMS, SHOPS


@dataclass(frozen=True)
class LandedMessages:
    """The result of merging landed messages.

    Attributes:
        received: number of messages.
        changed: number of shops and items that are new or have changed values.
    """

    received: int = 0
    changed: int = 0


def merge_landed(
    lake: Lake, uris: Iterable[str], profile: Profile, reception: Reception
) -> LandedMessages:
    """Append landed messages to bronze.catalogue_events and merge them into shops and items.

    A repetition changes nothing. Memory holds the messages of one file.
    """
    received = changed = 0
    for uri in uris:
        with open_source(uri) as stream:
            content: bytes = stream.read()
        events = message_events(content, reception)
        for table in (CATALOGUE_EVENTS, SHOPS, ITEMS):
            create_table(lake, table)
        transaction = log.Named(f"{MESSAGE}:{digest(content)}")
        if not log.has_transaction(lake, CATALOGUE_EVENTS, transaction):
            append_rows(lake, CATALOGUE_EVENTS, events, transaction)
        received += len(events)
        changed += merge_messages(lake, events, profile)
    return LandedMessages(received, changed)


def message_events(content: bytes, reception: Reception) -> pa.Table:
    """Return the lines of a file as rows of bronze.catalogue_events."""
    lines = content.splitlines()
    columns = {
        "source": [digest(content)] * len(lines),
        "partition": [0] * len(lines),
        "offset": range(len(lines)),
        "value": lines,
        "received_at": [reception.received_at] * len(lines),
        "ingested_at": [reception.ingested_at] * len(lines),
        "entity": [MESSAGE] * len(lines),
    }
    return pa.Table.from_pydict(columns, CATALOGUE_EVENTS.schema)


def digest(content: bytes) -> str:
    """Return the SHA-256 digest of a file's content, hexadecimal."""
    return hashlib.sha256(content).hexdigest()
