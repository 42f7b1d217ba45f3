"""The Spark query that passes micro-batches of Kafka's records to the ingest."""

import json
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from streaming.kafka.settings import KafkaSettings
from streaming.queries.backlog import Backlog
from streaming.queries.ingest import Ingest

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


def watch_query(query: "StreamingQuery", stopping: Event, backlog: Backlog) -> None:
    """Wait until the query ends, and note how far it is meanwhile.

    Once ``stopping`` is set, the query is stopped between two micro-batches.

    Raises:
        RuntimeError: the query failed.
    """
    while not query.awaitTermination(LOOK_SECONDS):
        note_progress(query, backlog)
        if stopping.is_set() and not query.status["isTriggerActive"]:
            query.stop()
            return
    note_progress(query, backlog)
    failure = query.exception()
    if failure is not None and not stopping.is_set():
        raise RuntimeError(str(failure))


def note_progress(query: "StreamingQuery", backlog: Backlog) -> None:
    """Note where the last finished micro-batch ended in each partition."""
    last = query.lastProgress
    if not last:
        return
    progress = json.loads(last.json) if hasattr(last, "json") else last
    for source in progress["sources"]:
        end = source.get("endOffset")
        if end:
            backlog.note(json.loads(end) if isinstance(end, str) else end)
