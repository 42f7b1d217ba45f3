"""The checkpoint of the ingest query: whose progress it is, so that no other is taken for it."""

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


class Progress(BaseModel):
    """What a checkpoint is of.

    Attributes:
        id: names its transactions in the tables.
        table: identity of bronze.sales_events, into which it wrote.
        topics: topic → its UUID.
    """

    id: str
    table: str
    topics: dict[str, str]


@dataclass(frozen=True)
class Checkpoint:
    """A folder that Spark keeps a query's offsets in."""

    uri: str

    @classmethod
    def at(cls, lake: Lake, location: str | None) -> "Checkpoint":
        """Return the checkpoint at a location, beside the tables where none is given."""
        return cls(table_root(location) if location else f"{lake.root}/checkpoints/ingest")

    def claim(self, lake: Lake, topics: Mapping[str, str]) -> str:
        """Return the checkpoint's id, making it that of a lake and its topics if it is new.

        Raises:
            RefusedError: it is of another table or of other topics, or is damaged.
        """
        table = log.table_id(lake, SALES_EVENTS)
        mine = Progress(id=str(uuid.uuid4()), table=table, topics=dict(topics))
        standing = claim_file(self.uri, MARKER, mine.model_dump_json(indent=1).encode())
        try:
            found = Progress.model_validate_json(standing)
        except ValidationError as error:
            self._refuse(f"{MARKER} is damaged ({error.errors()[0]['msg']})")
        if found.table != table:
            self._refuse(f"it belongs to another table than {lake.uri(SALES_EVENTS)}")
        for topic, identity in topics.items():
            if found.topics.get(topic) != identity:
                self._refuse(f"topic {topic} was {found.topics.get(topic)} and is {identity} now")
        return found.id

    def _refuse(self, why: str) -> NoReturn:
        raise RefusedError(
            f"checkpoint {self.uri}: {why}. Name another by --checkpoint: the topics are then "
            "read from their beginning, and what is in the tables already changes nothing."
        )
