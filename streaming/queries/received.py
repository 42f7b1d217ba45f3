"""Records as Kafka delivers them, as rows of the bronze tables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.catalogue.messages import MESSAGE
from lakehouse.delta.parts import Rows
from lakehouse.tables.bronze import CATALOGUE_EVENTS, SALES_EVENTS
from lakehouse.types import COUNT, TEXT, TIMESTAMP, WHOLE
from lakehouse.values import CLOCKS_APART

# No sale was sent through Kafka before.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# What is read of Kafka, in this order.
COLUMNS = ("topic", "partition", "offset", "value", "timestamp")


@dataclass(frozen=True)
class Received:
    """Turns Kafka's records into rows of bronze; sent to the workers.

    A record's timestamp is its producer's, who may have none, or write it in seconds: one that
    cannot be becomes that of the record before it (or after it, or the time of ingestion), so that
    of a partition's records the last stays the newest.

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
                for partition in pc.unique(mine["partition"]):
                    yield self._rows(mine.filter(pc.field("partition") == partition), topic)

    def _rows(self, records: pa.Table, topic: str) -> Rows:
        columns = {
            "source": pa.repeat(pa.scalar(self.sources[topic], TEXT), len(records)),
            "partition": records["partition"].cast(WHOLE),
            "offset": records["offset"].cast(COUNT),
            "value": records["value"],
            "received_at": self._reception(records["timestamp"].combine_chunks()),
            "ingested_at": pa.repeat(pa.scalar(self.now, TIMESTAMP), len(records)),
        }
        if topic == self.sales:
            return Rows(SALES_EVENTS, pa.table(columns))
        columns["entity"] = pa.repeat(pa.scalar(MESSAGE, TEXT), len(records))
        return Rows(CATALOGUE_EVENTS, pa.table(columns))

    def _reception(self, timestamps: pa.Array) -> pa.Array:
        earliest, latest = (
            pa.scalar(time, TIMESTAMP) for time in (EARLIEST, self.now + CLOCKS_APART)
        )
        times = timestamps.cast(TIMESTAMP)
        can_be = pc.and_(pc.greater_equal(times, earliest), pc.less_equal(times, latest))
        kept = pc.if_else(can_be, times, None)
        return pc.fill_null(pc.fill_null_backward(pc.fill_null_forward(kept)), self.now)
