"""Replay of the catalogue's records, in the order of ingestion."""

from collections import defaultdict
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.catalogue.intake import put_through
from ingestion.catalogue.messages import MESSAGE, take_in_messages
from ingestion.known_at.received import Reception
from lakehouse.delta import creation, log
from lakehouse.delta.arrow import append_rows, read_batches, read_table
from lakehouse.lake import Lake
from lakehouse.profile.profile import LISTED, Profile
from lakehouse.tables.bronze import CATALOGUE_EVENTS
from lakehouse.tables.silver import ITEMS, SHOPS


def replay_catalogue(lake: Lake, known: Lake, reception: Reception, profile: Profile) -> None:
    """Replay the received catalogue records into a lake's bronze.catalogue_events, shops and items.

    Memory holds the latest lists.

    Args:
        lake: the lake whose bronze.catalogue_events is read.
        known: the replayed lake, which is written.
        reception: the records that had been received; for a time before the lake began, the
            lake's first lists count as received.
        profile: the profile that describes the records.
    """
    for table in (SHOPS, ITEMS, CATALOGUE_EVENTS):
        creation.create_table(known, table)
    lists: dict[str, pa.Table] = {}
    for time, entities in sorted(received(lake, reception).items()):
        mine = [("ingested_at", "=", time), ("entity", "in", sorted(entities))]
        records = read_table(lake, CATALOGUE_EVENTS, filters=mine)
        transaction = log.Named(f"known at {time.isoformat()}")
        if not log.has_transaction(known, CATALOGUE_EVENTS, transaction):
            append_rows(known, CATALOGUE_EVENTS, records, transaction)
        came = {entity: of_entity(records, entity) for entity in entities}
        messages = came.pop(MESSAGE, None)
        lists |= came
        if came and {"shops", "items"} <= set(lists):
            put_through(known, defaultdict(CATALOGUE_EVENTS.schema.empty_table, lists), profile)
        if messages is not None:
            take_in_messages(known, messages, profile)


def received(lake: Lake, reception: Reception) -> dict[datetime, set[str]]:
    """List the entities of received catalogue records, by time of ingestion."""
    came = arrivals(lake)
    known = {time: entities for time, entities in came.items() if time <= reception.at}
    if not reception.is_assumed:
        return known
    lists = sorted(time for time, entities in came.items() if entities - {MESSAGE})
    return known | {time: came[time] for time in lists[:1]}


def arrivals(lake: Lake) -> dict[datetime, set[str]]:
    """List the catalogue's entities in bronze.catalogue_events, by time of ingestion."""
    if not log.exists(lake, CATALOGUE_EVENTS):
        return {}
    columns = ["ingested_at", "entity"]
    found: dict[datetime, set[str]] = defaultdict(set)
    lists = ("entity", "in", [*LISTED, MESSAGE])
    for batch in read_batches(lake, CATALOGUE_EVENTS, columns, [lists]):
        distinct = pa.Table.from_batches([batch]).group_by(columns).aggregate([])
        for row in distinct.to_pylist():
            found[row["ingested_at"]].add(row["entity"])
    return found


def of_entity(records: pa.Table, entity: str) -> pa.Table:
    """Keep the rows of bronze.catalogue_events that have an entity."""
    return records.filter(pc.field("entity") == entity)
