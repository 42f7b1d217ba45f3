"""Topic creation: the Kafka topics of sales and catalogue; existing topics stay unchanged.

    python -m streaming.create_topics [--bootstrap-servers S] [--partitions N] [--replication N]

Reads the topics in Kafka. Writes the missing ones; writes nothing outside Kafka.
"""

import argparse
import sys
from typing import Any

from cli.command import Job, main
from lakehouse.context import Context
from streaming.kafka.settings import add_servers_argument, kafka_settings
from streaming.kafka.topics import BROKERS_DEFAULT, PARTITIONS, create_topics, topic_ids


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_servers_argument(parser)
    parser.add_argument(
        "--partitions",
        metavar="N",
        type=int,
        default=PARTITIONS,
        help=f"of a new topic (default: {PARTITIONS})",
    )
    parser.add_argument(
        "--replication",
        metavar="N",
        type=int,
        default=BROKERS_DEFAULT,
        help="replicas of a new topic (default: as the brokers are set)",
    )


def run(_: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Create the missing topics; return their names and the ids of all topics."""
    settings = kafka_settings(vars(arguments))
    names = [settings.sales_topic, settings.catalogue_topic]
    created = create_topics(settings, names, arguments.partitions, arguments.replication)
    return {"created": created, "topics": topic_ids(settings, names)}


JOB = Job("create_topics", __doc__, add_arguments, run, "python -m streaming.create_topics")

if __name__ == "__main__":
    sys.exit(main(JOB))
