"""Records as Kafka delivers them, as rows of the bronze tables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.catalogue.messages import MESSAGE
from lakehouse.delta.parts import Rows
from lakehouse.tables.bronze import CATALOGUE_EVENTS, SALES_EVENTS
from lakehouse.types import COUNT, TEXT, TIMESTAMP, WHOLE

# What is read of Kafka, in this order.
COLUMNS = ("topic", "partition", "offset", "value", "timestamp")


@dataclass(frozen=True)
class Received:
    """Turns Kafka's records into rows of bronze; sent to the workers.

    Attributes:
        sources: topic → what records of it name as their source: the topic and its UUID.
        sales: topic of the sales; the other is the catalogue's.
        now: when they are ingested.
    """

    sources: Mapping[str, str]
    sales: str
    now: datetime

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[Rows]:
        """Turn the records of a Spark partition, ``COLUMNS``, into rows of bronze tables."""
        for batch in batches:
            records = pa.Table.from_batches([batch])
            for topic in self.sources:
                mine = records.filter(pc.field("topic") == topic)
                if len(mine):
                    yield self._rows(mine, topic)

    def _rows(self, records: pa.Table, topic: str) -> Rows:
        columns = {
            "source": pa.repeat(pa.scalar(self.sources[topic], TEXT), len(records)),
            "partition": records["partition"].cast(WHOLE),
            "offset": records["offset"].cast(COUNT),
            "value": records["value"],
            "received_at": records["timestamp"].cast(TIMESTAMP),
            "ingested_at": pa.repeat(pa.scalar(self.now, TIMESTAMP), len(records)),
        }
        if topic == self.sales:
            return Rows(SALES_EVENTS, pa.table(columns))
        columns["entity"] = pa.repeat(pa.scalar(MESSAGE, TEXT), len(records))
        return Rows(CATALOGUE_EVENTS, pa.table(columns))
