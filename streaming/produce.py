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
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from threading import Event
from typing import Any

from tqdm import tqdm

from cli.command import Job, outcome, report, start_logging
from lakehouse import interruption
from lakehouse.context import Context
from lakehouse.profile.profile import load_profile
from lakehouse.progress import progress
from lakehouse.settings import JobSettings
from streaming.kafka.delivery import Delivery
from streaming.kafka.settings import add_servers_argument, kafka_settings
from streaming.kafka.topics import topic_ids
from streaming.producer.messages import Message, messages
from streaming.producer.rows import find_sales
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
    parser.add_argument("--topic", metavar="NAME", help="(default: KAFKA_SALES_TOPIC, daily-sales)")
    parser.add_argument(
        "--rate", metavar="N", type=positive, help="messages per second (default: all it can)"
    )
    parser.add_argument(
        "--shuffle-seed",
        metavar="N",
        type=int,
        help="shuffle each file's rows; the file must then fit into memory",
    )
    parser.add_argument("--limit", metavar="N", type=int, help="end after N messages")
    parser.add_argument("files", metavar="FILE", nargs="+", help="daily-sales file or URI")


def run(_: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Check the files, and send their rows to the topic."""
    profile = load_profile(arguments.profile)
    settings = kafka_settings(vars(arguments))
    topic = arguments.topic or settings.sales_topic
    topic_ids(settings, [topic])
    progress("checking %d files", len(arguments.files))
    sources = [find_sales(file, profile) for file in arguments.files]
    found = chain.from_iterable(messages(s, profile, arguments.shuffle_seed) for s in sources)
    started = time.monotonic()
    with Delivery(settings, topic) as delivery:
        status = deliver(delivery, islice(found, arguments.limit), arguments)
    seconds = time.monotonic() - started
    return {
        "status": status,
        "topic": topic,
        "files": len(sources),
        "produced": delivery.delivered,
        "failed": delivery.failed,
        "rate": round(delivery.delivered / seconds, 1),
    }


def deliver(delivery: Delivery, found: Iterator[Message], arguments: argparse.Namespace) -> str:
    """Send messages until the last one or Ctrl-C, and wait for Kafka's confirmations.

    Returns:
        done, failed (some were not delivered) or interrupted.
    """
    stopping = stop_on_signals()
    with tqdm(total=arguments.limit, unit=" messages", disable=None) as bar:
        for message in paced(found, arguments.rate, stopping):
            delivery.send(message.key, message.value)
            bar.update()
    if stopping.is_set():
        progress("Interrupted: waiting for what is on its way.")
    delivery.flush()
    progress("%d messages delivered, %d not", delivery.delivered, delivery.failed)
    if delivery.fault:
        progress("The last failure: %s", delivery.fault)
    return "interrupted" if stopping.is_set() else "failed" if delivery.failed else "done"


def paced(found: Iterator[Message], rate: float | None, stopping: Event) -> Iterator[Message]:
    """Yield messages until ``stopping`` is set.

    Args:
        found: the messages.
        rate: messages per second; None: as fast as possible.
        stopping: ends the messages once set.
    """
    started = time.monotonic()
    for number, message in enumerate(found):
        ahead = started + number / rate - time.monotonic() if rate else 0.0
        if stopping.is_set() or (ahead > 0 and stopping.wait(ahead)):
            return
        yield message


JOB = Job("produce", __doc__, add_arguments, run, "python -m streaming.produce")


def main(argv: Sequence[str] | None = None) -> int:
    """Replay files from a command line.

    Returns:
        The exit code.
    """
    arguments = JOB.parser().parse_args(argv)
    start_logging()
    interruption.listen()
    started = time.monotonic()
    code, fields = outcome(JOB, Context(JobSettings(), JOB.name), arguments)
    report({"job": JOB.name, **fields, "seconds": round(time.monotonic() - started, 1)})
    exits = {"interrupted": interruption.exit_code(), "failed": 1}
    return code or exits.get(fields["status"], 0)


if __name__ == "__main__":
    sys.exit(main())
