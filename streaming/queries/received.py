"""Received records: rows of Spark's Kafka source → rows of the bronze tables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.catalogue.messages import MESSAGE
from lakehouse.delta.parts import TableRows
from lakehouse.tables.bronze import CATALOGUE_EVENTS, SALES_EVENTS
from lakehouse.types import COUNT, TEXT, TIMESTAMP, WHOLE
from lakehouse.values import CLOCKS_APART

# Earliest plausible timestamp of a record: Kafka did not exist before.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# Columns of Spark's Kafka source that the query reads, in this order.
COLUMNS = ("topic", "partition", "offset", "value", "timestamp")


@dataclass(frozen=True)
class Received:
    """Turns Kafka's records into rows of bronze tables; runs on Spark's workers.

    The producer sets a record's timestamp, and may omit the timestamp or write seconds instead of
    milliseconds. An implausible timestamp is replaced by that of the previous record of the
    partition, else of the next record, else by the time of ingestion. A partition's last record so
    stays the newest.

    Attributes:
        sources: topic → value of the column ``source``: the topic and its UUID.
        sales: topic of the sales; records of the other topic are catalogue messages.
        now: time of ingestion, UTC.
    """

    sources: Mapping[str, str]
    sales: str
    now: datetime

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[TableRows]:
        """Turn a Spark partition's records, ``COLUMNS``, into rows of bronze tables."""
        for batch in batches:
            records = pa.Table.from_batches([batch])
            for topic in self.sources:
                of_topic = records.filter(pc.field("topic") == topic)
                for partition in pc.unique(of_topic["partition"]):
                    yield self._rows(of_topic.filter(pc.field("partition") == partition), topic)

    def _rows(self, records: pa.Table, topic: str) -> TableRows:
        columns = {
            "source": pa.repeat(pa.scalar(self.sources[topic], TEXT), len(records)),
            "partition": records["partition"].cast(WHOLE),
            "offset": records["offset"].cast(COUNT),
            "value": records["value"],
            "received_at": self._reception(records["timestamp"].combine_chunks()),
            "ingested_at": pa.repeat(pa.scalar(self.now, TIMESTAMP), len(records)),
        }
        if topic == self.sales:
            return TableRows(SALES_EVENTS, pa.table(columns))
        columns["entity"] = pa.repeat(pa.scalar(MESSAGE, TEXT), len(records))
        return TableRows(CATALOGUE_EVENTS, pa.table(columns))

    def _reception(self, timestamps: pa.Array) -> pa.Array:
        earliest, latest = (
            pa.scalar(time, TIMESTAMP) for time in (EARLIEST, self.now + CLOCKS_APART)
        )
        times = timestamps.cast(TIMESTAMP)
        can_be = pc.and_(pc.greater_equal(times, earliest), pc.less_equal(times, latest))
        kept = pc.if_else(can_be, times, None)
        return pc.fill_null(pc.fill_null_backward(pc.fill_null_forward(kept)), self.now)
