"""Local Kafka broker: one node on this machine, for development and tests.

    python -m streaming broker --dir FOLDER [--port NUMBER]

Listens on 127.0.0.1 only, as one node without ZooKeeper (KRaft). Reads and writes FOLDER, where
records stay between two starts. Creates the topics that are missing. Runs until Ctrl-C or SIGTERM.
"""

import argparse
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from cli.command import Job, main
from lakehouse import interruption
from lakehouse.context import Context
from lakehouse.errors import RefusedError
from streaming.local_broker.broker import Broker, serve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "--dir",
        metavar="FOLDER",
        type=Path,
        required=True,
        help="folder of records and log",
    )
    parser.add_argument(
        "--port", metavar="NUMBER", type=int, default=9092, help="port to listen on (default: 9092)"
    )


def run(_: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Run a broker until Ctrl-C or SIGTERM.

    Raises:
        RefusedError: the broker stopped with an error; its log in the folder gives the reason.
    """
    for number in interruption.SIGNALS:
        signal.signal(number, signal.default_int_handler)
    try:
        code = serve(Broker(arguments.dir, arguments.port))
    except KeyboardInterrupt:
        code = 0
    if code:
        raise RefusedError(
            f"{arguments.dir}: the Kafka broker ended by itself; see broker.log in that folder."
        )
    return {"folder": str(arguments.dir)}


JOB = Job("broker", __doc__, add_arguments, run, "python -m streaming broker")

if __name__ == "__main__":
    sys.exit(main(JOB))
