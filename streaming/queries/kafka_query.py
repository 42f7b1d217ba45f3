"""The Spark query that passes micro-batches of Kafka's records to the ingest."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from streaming.kafka.settings import KafkaSettings
from streaming.queries.ingest import Ingest
from streaming.queries.metrics import IngestMetrics

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.streaming.query import StreamingQuery

LOOK_SECONDS = 1


@dataclass(frozen=True)
class MicroBatches:
    """When micro-batches begin, and how large they are.

    Attributes:
        max_records: largest number of records in a micro-batch.
        seconds: time between the beginnings of two micro-batches.
        is_available_now: whether the query ends once the records now in Kafka are ingested.
    """

    max_records: int
    seconds: float
    is_available_now: bool


def start_query(
    spark: "SparkSession",
    kafka: KafkaSettings,
    ingest: Ingest,
    checkpoint: str,
    batches: MicroBatches,
) -> "StreamingQuery":
    """Start the Spark query that passes each micro-batch of Kafka's records to ``ingest``.

    Args:
        spark: the Spark session.
        kafka: address of and login to Kafka.
        ingest: ingests a micro-batch; names the topics.
        checkpoint: URI of the folder in which Spark stores the query's offsets.
        batches: size and time of micro-batches.
    """
    options = {
        **kafka.spark_options(),
        "subscribe": ",".join(ingest.sources),
        "startingOffsets": "earliest",
        "maxOffsetsPerTrigger": str(batches.max_records),
        "failOnDataLoss": "true",
    }
    reader = spark.readStream.format("kafka").options(**options)
    writer = reader.load().writeStream.foreachBatch(ingest).queryName("ingest")
    writer = writer.option("checkpointLocation", checkpoint)
    if batches.is_available_now:
        return writer.trigger(availableNow=True).start()
    return writer.trigger(processingTime=f"{batches.seconds} seconds").start()


def watch_query(query: "StreamingQuery", stopping: Event, metrics: IngestMetrics) -> None:
    """Wait until the query ends, and update the metric ``lag_events`` meanwhile.

    Once ``stopping`` is set, the query is stopped between two micro-batches.

    Raises:
        RuntimeError: the query failed.
    """
    while not query.awaitTermination(LOOK_SECONDS):
        update_lag(query, metrics)
        if stopping.is_set() and not query.status["isTriggerActive"]:
            query.stop()
            return
    failure = query.exception()
    if failure is not None and not stopping.is_set():
        raise RuntimeError(str(failure))


def update_lag(query: "StreamingQuery", metrics: IngestMetrics) -> None:
    """Set the metric ``lag_events``: records in Kafka that are not ingested yet."""
    last = query.lastProgress
    if not last:
        return
    progress = json.loads(last.json) if hasattr(last, "json") else last
    for source in progress["sources"]:
        latest, done = (sum_offsets(source.get(name)) for name in ("latestOffset", "endOffset"))
        metrics.lag_events.set(max(0, latest - done))


def sum_offsets(offsets: Mapping[str, Mapping[str, int]] | str | None) -> int:
    """Sum the offsets of all topics and partitions.

    Args:
        offsets: topic → partition → offset, as a mapping or as JSON text; None: the sum is 0.
    """
    by_topic = json.loads(offsets) if isinstance(offsets, str) else offsets or {}
    return sum(sum(partitions.values()) for partitions in by_topic.values())
