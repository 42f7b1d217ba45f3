"""Ingest query: Kafka's records of sales and catalogue → bronze and silver, continuously.

    python -m streaming ingest [--lake URI] [--profile NAME|FILE.toml] [--bootstrap-servers S]
        [--available-now] [--trigger-seconds S] [--max-records N] [--checkpoint URI]
        [--metrics-port N] [--metrics-address HOST]

Reads Kafka's topics (KAFKA_SALES_TOPIC, KAFKA_CATALOGUE_TOPIC) from the offsets in the checkpoint.
Writes bronze sales_events, catalogue_events, rejected_sales and silver daily_sales, daily_offers,
shops, items, months. Ctrl-C ends the query between two micro-batches.
"""

import argparse
import json
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any

from cli.arguments import add_lake_argument, lake_of
from cli.command import Job
from lakehouse.context import Context
from lakehouse.delta import creation
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile, load_profile
from lakehouse.profile.stored import claim_lake, stored_profile
from lakehouse.progress import progress
from streaming.kafka.settings import KafkaSettings, add_servers_argument, kafka_settings
from streaming.kafka.topics import topic_ids
from streaming.queries.checkpoint import Checkpoint
from streaming.queries.ingest import WRITTEN, Ingest
from streaming.queries.metrics import IngestMetrics, add_metrics_arguments
from streaming.queries.stopping import stop_on_signals
from streaming.queries.waiting import seconds_waiting

if TYPE_CHECKING:
    from pyspark.sql.streaming.query import StreamingQuery

MAX_RECORDS = 500_000
LOOK_SECONDS = 1
# Even the smallest micro-batch costs a second of processor time.
TRIGGER_SECONDS = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    add_servers_argument(parser)
    parser.add_argument(
        "--profile",
        metavar="NAME",
        help="what the records mean (1c, m5, sample or a path ending in .toml); "
        "needed for a new lake, others have theirs",
    )
    parser.add_argument(
        "--available-now",
        action="store_true",
        help="ingest the messages that are in Kafka now, then stop",
    )
    parser.add_argument(
        "--max-records",
        type=int,
        default=MAX_RECORDS,
        metavar="N",
        help=f"at most so many records in a micro-batch (default: {MAX_RECORDS})",
    )
    parser.add_argument(
        "--trigger-seconds",
        type=float,
        default=TRIGGER_SECONDS,
        metavar="S",
        help="begin a micro-batch every so many seconds, or when the one before is done "
        f"(default: {TRIGGER_SECONDS})",
    )
    parser.add_argument(
        "--checkpoint", metavar="URI", help="folder of the query's offsets (default: in the lake)"
    )
    add_metrics_arguments(parser)


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run the query until a signal stops it or, with ``--available-now``, all is ingested."""
    lake, kafka = (
        lake_of(context, arguments),
        kafka_settings({"bootstrap_servers": arguments.bootstrap_servers}),
    )
    stopping, metrics = stop_on_signals(), IngestMetrics()
    ids = topic_ids(kafka, [kafka.sales_topic, kafka.catalogue_topic])
    profile = claimed(lake, arguments.profile)
    for table in WRITTEN:
        creation.create_table(lake, table)
    checkpoint = Checkpoint.at(lake, arguments.checkpoint)
    ingest = Ingest(
        lake,
        profile,
        {topic: f"{topic}:{identity}" for topic, identity in ids.items()},
        kafka.sales_topic,
        checkpoint.claim(lake, ids),
        metrics,
        stopping,
    )
    metrics.features_lag_seconds.set_function(partial(seconds_waiting, lake))
    metrics.serve_as_asked(arguments)
    query = start(context, kafka, ingest, checkpoint, arguments)
    progress("ingest: reading %s at %s", ", ".join(ids), kafka.servers)
    watch(query, stopping, metrics)
    return {"events": metrics.total, "batches": metrics.count, "stopped": stopping.is_set()}


def claimed(lake: Lake, name: str | None) -> Profile:
    """Return the lake's profile; store a named profile as the lake's first.

    Raises:
        LakeError: no profile is named and no lake exists there (pass ``--profile``), or the lake
            was made with another profile.
    """
    if name is None:
        return stored_profile(lake)
    profile = load_profile(name)
    claim_lake(lake, profile)
    return profile


def start(
    context: Context,
    kafka: KafkaSettings,
    ingest: Ingest,
    checkpoint: Checkpoint,
    arguments: argparse.Namespace,
) -> "StreamingQuery":
    """Start the Spark query that passes each micro-batch of Kafka's records to ``ingest``."""
    options = {
        **kafka.spark_options(),
        "subscribe": ",".join(ingest.sources),
        "startingOffsets": "earliest",
        "maxOffsetsPerTrigger": str(arguments.max_records),
        "failOnDataLoss": "true",
    }
    reader = context.spark.readStream.format("kafka").options(**options)
    writer = reader.load().writeStream.foreachBatch(ingest).queryName("ingest")
    writer = writer.option("checkpointLocation", checkpoint.uri)
    if arguments.available_now:
        writer = writer.trigger(availableNow=True)
    else:
        writer = writer.trigger(processingTime=f"{arguments.trigger_seconds} seconds")
    return writer.start()


def watch(query: "StreamingQuery", stopping: Event, metrics: IngestMetrics) -> None:
    """Wait until the query ends, and update the metric ``lag_events`` meanwhile.

    Once ``stopping`` is set, the query is stopped between two micro-batches.

    Raises:
        RuntimeError: the query failed.
    """
    while not query.awaitTermination(LOOK_SECONDS):
        behind(query, metrics)
        if stopping.is_set() and not query.status["isTriggerActive"]:
            query.stop()
            return
    failure = query.exception()
    if failure is not None and not stopping.is_set():
        raise RuntimeError(str(failure))


def behind(query: "StreamingQuery", metrics: IngestMetrics) -> None:
    """Set the metric ``lag_events``: records in Kafka that are not ingested yet."""
    last = query.lastProgress
    if not last:
        return
    told = json.loads(last.json) if hasattr(last, "json") else last
    for source in told["sources"]:
        latest, done = (offsets(source.get(name)) for name in ("latestOffset", "endOffset"))
        metrics.lag_events.set(max(0, latest - done))


def offsets(told: Any) -> int:
    """Sum the offsets of all topics and partitions.

    Args:
        told: topic → partition → offset, as a mapping or as JSON text; None: the sum is 0.
    """
    found = json.loads(told) if isinstance(told, str) else told or {}
    return sum(sum(partitions.values()) for partitions in found.values())


JOB = Job("ingest", __doc__, add_arguments, run, "python -m streaming ingest")
