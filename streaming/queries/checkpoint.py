"""Checkpoint of the ingest query: the table and topics that its stored offsets belong to."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from pydantic import BaseModel, ValidationError

from lakehouse.delta import log
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.storage import table_root
from lakehouse.tables.bronze import SALES_EVENTS
from lakehouse.whole_files import claim_file

MARKER = "shopcast.json"


class CheckpointIdentity(BaseModel):
    """The identity of a checkpoint, stored in the file ``shopcast.json``.

    Attributes:
        id: id of the checkpoint, part of the names of the query's Delta transactions.
        table: id of the table bronze.sales_events that the query writes.
        topics: topic → the topic's UUID.
    """

    id: str
    table: str
    topics: dict[str, str]


@dataclass(frozen=True)
class Checkpoint:
    """A folder in which Spark stores a query's offsets.

    Attributes:
        uri: URI of the folder.
    """

    uri: str

    @classmethod
    def at(cls, lake: Lake, location: str | None) -> "Checkpoint":
        """Return the checkpoint at a location; None: in the lake, ``checkpoints/ingest``."""
        return cls(table_root(location) if location else f"{lake.root}/checkpoints/ingest")

    def claim(self, lake: Lake, topics: Mapping[str, str]) -> str:
        """Claim the checkpoint for a lake and topics if it is new, and return the checkpoint's id.

        Args:
            lake: the lake that the query writes.
            topics: topic → UUID of each topic that the query reads.

        Raises:
            RefusedError: the checkpoint belongs to another table or topic, or is damaged; name
                another one by ``--checkpoint``.
        """
        table = log.table_id(lake, SALES_EVENTS)
        new = CheckpointIdentity(id=str(uuid.uuid4()), table=table, topics=dict(topics))
        stored = claim_file(self.uri, MARKER, new.model_dump_json(indent=1).encode())
        try:
            claimed = CheckpointIdentity.model_validate_json(stored)
        except ValidationError as error:
            self._refuse(f"{MARKER} is damaged ({error.errors()[0]['msg']})")
        if claimed.table != table:
            self._refuse(f"the checkpoint belongs to another table than {lake.uri(SALES_EVENTS)}")
        for topic, identity in topics.items():
            if claimed.topics.get(topic) != identity:
                self._refuse(f"topic {topic} was {claimed.topics.get(topic)} and is {identity} now")
        return claimed.id

    def _refuse(self, why: str) -> NoReturn:
        raise RefusedError(
            f"checkpoint {self.uri}: {why}. Name another checkpoint by --checkpoint: the query "
            "then reads the topics from the beginning, and records that the tables have change "
            "nothing."
        )
