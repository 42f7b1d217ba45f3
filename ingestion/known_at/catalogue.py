"""Replay of the catalogue's records, in the order of ingestion."""

from collections import defaultdict
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.catalogue.intake import merge_catalogue
from ingestion.catalogue.messages import MESSAGE, merge_messages
from ingestion.known_at.known_at_filter import KnownAtFilter
from lakehouse.delta import creation, log
from lakehouse.delta.arrow import append_rows, read_batches, read_table
from lakehouse.lake import Lake
from lakehouse.profile.profile import LISTED, Profile
from lakehouse.tables.bronze import CATALOGUE_EVENTS
from lakehouse.tables.silver import ITEMS, SHOPS


def replay_catalogue(lake: Lake, known: Lake, received: KnownAtFilter, profile: Profile) -> None:
    """Replay the received catalogue records into a lake's bronze.catalogue_events, shops and items.

    Memory holds the latest lists.

    Args:
        lake: the lake whose bronze.catalogue_events is read.
        known: the replayed lake, which is written.
        received: the records that had been received; for a time before the lake began, the
            lake's first lists count as received.
        profile: the profile that describes the records.
    """
    for table in (SHOPS, ITEMS, CATALOGUE_EVENTS):
        creation.create_table(known, table)
    lists: dict[str, pa.Table] = {}
    for time, entities in sorted(list_entities(lake, received).items()):
        filters = [("ingested_at", "=", time), ("entity", "in", sorted(entities))]
        records = read_table(lake, CATALOGUE_EVENTS, filters=filters)
        transaction = log.Named(f"known at {time.isoformat()}")
        if not log.has_transaction(known, CATALOGUE_EVENTS, transaction):
            append_rows(known, CATALOGUE_EVENTS, records, transaction)
        new_lists = {entity: select_entity(records, entity) for entity in entities}
        messages = new_lists.pop(MESSAGE, None)
        lists |= new_lists
        if new_lists and {"shops", "items"} <= set(lists):
            merge_catalogue(known, defaultdict(CATALOGUE_EVENTS.schema.empty_table, lists), profile)
        if messages is not None:
            merge_messages(known, messages, profile)


def list_entities(lake: Lake, received: KnownAtFilter) -> dict[datetime, set[str]]:
    """List the entities of received catalogue records, by time of ingestion."""
    ingested = list_ingested_entities(lake)
    by_then = {time: entities for time, entities in ingested.items() if time <= received.at}
    if not received.is_assumed:
        return by_then
    lists = sorted(time for time, entities in ingested.items() if entities - {MESSAGE})
    return by_then | {time: ingested[time] for time in lists[:1]}


def list_ingested_entities(lake: Lake) -> dict[datetime, set[str]]:
    """List the catalogue's entities in bronze.catalogue_events, by time of ingestion."""
    if not log.exists(lake, CATALOGUE_EVENTS):
        return {}
    columns = ["ingested_at", "entity"]
    entities: dict[datetime, set[str]] = defaultdict(set)
    lists = ("entity", "in", [*LISTED, MESSAGE])
    for batch in read_batches(lake, CATALOGUE_EVENTS, columns, [lists]):
        distinct = pa.Table.from_batches([batch]).group_by(columns).aggregate([])
        for row in distinct.to_pylist():
            entities[row["ingested_at"]].add(row["entity"])
    return entities


def select_entity(records: pa.Table, entity: str) -> pa.Table:
    """Keep the rows of bronze.catalogue_events that have an entity."""
    return records.filter(pc.field("entity") == entity)
