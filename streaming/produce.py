"""Sales producer: a retailer's daily-sales files → messages on a Kafka topic, as tills send them.

    python -m streaming.produce --profile NAME [--bootstrap-servers S] [--topic NAME]
                                [--rate N] [--shuffle-seed N] [--limit N] FILE...

Reads csv, csv.gz and Parquet files in the profile's format; checks every file completely before
sending the first message. Writes JSON records of the contract daily-sales (streaming/contract): ISO
dates, ids and numbers as texts. A line with too few or too many columns is sent unchanged, and the
ingest query rejects the record with a reason.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from threading import Event

from tqdm import tqdm

from cli.command import Job, main
from cli.streaming_arguments import add_servers_argument
from ingestion.files.sources import find_sales_file
from lakehouse.context import Context
from lakehouse.profile.profile import load_profile
from lakehouse.progress import progress
from streaming.kafka.delivery import Delivery
from streaming.kafka.settings import kafka_settings
from streaming.kafka.topics import topic_ids
from streaming.producer.messages import Message, messages
from streaming.queries.stopping import stop_on_signals


def positive(text: str) -> float:
    """Parse a number above zero.

    Raises:
        ArgumentTypeError: the number is not above zero, or not finite.
    """
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "--profile",
        metavar="NAME",
        required=True,
        help="a shipped profile (1c, m5, sample) or a path ending in .toml",
    )
    add_servers_argument(parser)
    parser.add_argument(
        "--topic",
        metavar="NAME",
        help="topic (default: KAFKA_SALES_TOPIC, else daily-sales)",
    )
    parser.add_argument(
        "--rate",
        metavar="N",
        type=positive,
        help="messages per second (default: no limit)",
    )
    parser.add_argument(
        "--shuffle-seed",
        metavar="N",
        type=int,
        help="seed of a shuffle of each file's rows; each file must fit into memory (default: rows "
        "stay in the order of the file)",
    )
    parser.add_argument("--limit", metavar="N", type=int, help="stop after N messages")
    parser.add_argument("files", metavar="FILE", nargs="+", help="daily-sales file or URI")


@dataclass(frozen=True)
class Sending:
    """How messages are sent.

    Attributes:
        rate: messages per second; None: as fast as possible.
        limit: largest number of messages; None: all.
    """

    rate: float | None
    limit: int | None


def run(_: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Check the files, and send their rows to the topic."""
    profile = load_profile(arguments.profile)
    settings = kafka_settings({"bootstrap_servers": arguments.bootstrap_servers})
    topic = arguments.topic or settings.sales_topic
    topic_ids(settings, [topic])
    progress("checking %d files", len(arguments.files))
    sources = [find_sales_file(file, profile) for file in arguments.files]
    seed = arguments.shuffle_seed
    rows = chain.from_iterable(messages(source, profile, seed) for source in sources)
    started = time.monotonic()
    with Delivery(settings, topic) as delivery:
        status = deliver(delivery, rows, Sending(arguments.rate, arguments.limit))
    seconds = time.monotonic() - started
    return {
        "status": status,
        "topic": topic,
        "files": len(sources),
        "produced": delivery.delivered,
        "failed": delivery.failed,
        "rate": round(delivery.delivered / seconds, 1),
    }


def deliver(delivery: Delivery, rows: Iterator[Message], sending: Sending) -> str:
    """Send messages until the last one or Ctrl-C, and wait for Kafka's confirmations.

    Returns:
        The status of the command: done, failed (some were not delivered) or interrupted.
    """
    stopping = stop_on_signals()
    with tqdm(total=sending.limit, unit=" messages", disable=None) as bar:
        for message in paced(islice(rows, sending.limit), sending.rate, stopping):
            delivery.send(message.key, message.value)
            bar.update()
    if stopping.is_set():
        progress("Interrupted: waiting until Kafka confirms the messages that were sent.")
    delivery.flush()
    progress("%d messages delivered, %d not", delivery.delivered, delivery.failed)
    if delivery.fault:
        progress("The last failure: %s", delivery.fault)
    return "interrupted" if stopping.is_set() else "failed" if delivery.failed else "done"


def paced(rows: Iterator[Message], rate: float | None, stopping: Event) -> Iterator[Message]:
    """Yield messages until ``stopping`` is set.

    Args:
        rows: the messages.
        rate: messages per second; None: as fast as possible.
        stopping: ends the messages once set.
    """
    started = time.monotonic()
    for number, message in enumerate(rows):
        ahead = started + number / rate - time.monotonic() if rate else 0.0
        if stopping.is_set() or (ahead > 0 and stopping.wait(ahead)):
            return
        yield message


JOB = Job("produce", __doc__, add_arguments, run, "python -m streaming.produce")

if __name__ == "__main__":
    sys.exit(main(JOB))
