"""Topic creation: the Kafka topics of sales and catalogue; existing topics stay unchanged.

    python -m streaming.create_topics [--bootstrap-servers S] [--partitions N] [--replication N]

Reads the topics in Kafka. Writes the missing ones; writes nothing outside Kafka.
"""

import argparse
import sys
from collections.abc import Mapping

from cli.command import Job, main
from cli.streaming_arguments import add_servers_argument
from lakehouse.context import Context
from streaming.kafka.settings import kafka_settings
from streaming.kafka.topics import BROKERS_DEFAULT, PARTITIONS, create_topics, topic_ids


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_servers_argument(parser)
    parser.add_argument(
        "--partitions",
        metavar="N",
        type=int,
        default=PARTITIONS,
        help=f"number of partitions of a new topic (default: {PARTITIONS})",
    )
    parser.add_argument(
        "--replication",
        metavar="N",
        type=int,
        default=BROKERS_DEFAULT,
        help="replicas of each partition of a new topic (default: the brokers' setting)",
    )


def run(_: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Create the missing topics; return their names and the ids of all topics."""
    settings = kafka_settings({"bootstrap_servers": arguments.bootstrap_servers})
    names = [settings.sales_topic, settings.catalogue_topic]
    created = create_topics(settings, names, arguments.partitions, arguments.replication)
    return {"created": created, "topics": topic_ids(settings, names)}


JOB = Job("create_topics", __doc__, add_arguments, run, "python -m streaming.create_topics")

if __name__ == "__main__":
    sys.exit(main(JOB))
