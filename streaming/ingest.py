"""Ingest query: Kafka's records of sales and catalogue → bronze and silver, continuously.

    python -m streaming ingest [--lake URI] [--profile NAME|FILE.toml] [--bootstrap-servers S]
        [--available-now] [--trigger-seconds S] [--max-records N] [--checkpoint URI]
        [--metrics-port N] [--metrics-address HOST]

Reads Kafka's topics (KAFKA_SALES_TOPIC, KAFKA_CATALOGUE_TOPIC) from the offsets in the checkpoint.
Writes bronze sales_events, catalogue_events, rejected_sales and silver daily_sales, daily_offers,
shops, items, months. Ctrl-C ends the query between two micro-batches.
"""

import argparse
from collections.abc import Mapping
from functools import partial

from cli.arguments import add_lake_argument, lake_of
from cli.command import Job
from cli.streaming_arguments import add_metrics_arguments, add_servers_argument
from ingestion.claim import claim_profile
from lakehouse.context import Context
from lakehouse.delta import creation
from lakehouse.progress import progress
from streaming.kafka.settings import kafka_settings
from streaming.kafka.topics import topic_ids
from streaming.queries.backlog import Backlog
from streaming.queries.checkpoint import Checkpoint
from streaming.queries.ingest import WRITTEN, Ingest
from streaming.queries.kafka_query import MicroBatches, start_query, watch_query
from streaming.queries.metrics import IngestMetrics
from streaming.queries.stopping import stop_on_signals
from streaming.queries.waiting import seconds_waiting

MAX_RECORDS = 500_000
# Even the smallest micro-batch costs a second of processor time.
TRIGGER_SECONDS = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    add_servers_argument(parser)
    parser.add_argument(
        "--profile",
        metavar="NAME",
        help="what the records mean: a shipped profile (1c, m5, sample) or a path ending in .toml; "
        "required for a new lake (default: the profile of the lake)",
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
        help=f"largest number of records in a micro-batch (default: {MAX_RECORDS})",
    )
    parser.add_argument(
        "--trigger-seconds",
        type=float,
        default=TRIGGER_SECONDS,
        metavar="S",
        help="shortest time from the beginning of one micro-batch to the next, in seconds "
        f"(default: {TRIGGER_SECONDS})",
    )
    parser.add_argument(
        "--checkpoint", metavar="URI", help="folder of the query's offsets (default: in the lake)"
    )
    add_metrics_arguments(parser)


def run(context: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Run the query until a signal stops it or, with ``--available-now``, all is ingested."""
    lake = lake_of(context, arguments)
    kafka = kafka_settings({"bootstrap_servers": arguments.bootstrap_servers})
    stopping, metrics = stop_on_signals(), IngestMetrics()
    ids = topic_ids(kafka, [kafka.sales_topic, kafka.catalogue_topic])
    profile = claim_profile(lake, arguments.profile, may_create=True)
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
    backlog = Backlog(kafka)
    metrics.features_lag_seconds.set_function(partial(seconds_waiting, lake))
    metrics.lag_seconds.set_function(backlog.seconds)
    metrics.lag_events.set_function(backlog.events)
    if arguments.metrics_port is not None:
        metrics.serve(arguments.metrics_port, arguments.metrics_address)
    batches = MicroBatches(
        arguments.max_records, arguments.trigger_seconds, arguments.available_now
    )
    query = start_query(context.spark, kafka, ingest, checkpoint.uri, batches)
    progress("ingest: reading %s at %s", ", ".join(ids), kafka.servers)
    try:
        watch_query(query, stopping, backlog)
    finally:
        backlog.close()
    return {"events": metrics.total, "batches": metrics.count, "stopped": stopping.is_set()}


JOB = Job("ingest", __doc__, add_arguments, run, "python -m streaming ingest")
