"""Local Kafka broker: one node on this machine, for development and tests.

    python -m streaming broker --dir FOLDER [--port NUMBER]

Listens on 127.0.0.1 only, as one node without ZooKeeper (KRaft). Reads and writes FOLDER, where
records stay between two starts. Creates the topics that are missing. Runs until Ctrl-C or SIGTERM.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cli.command import Job, start_logging
from lakehouse.context import Context
from lakehouse.errors import RefusedError, ShopcastError
from lakehouse.progress import progress
from lakehouse.settings import JobSettings
from streaming.local_broker.broker import Broker, serve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "--dir", metavar="FOLDER", type=Path, required=True, help="where the broker keeps records"
    )
    parser.add_argument(
        "--port", metavar="NUMBER", type=int, default=9092, help="port to listen on (default: 9092)"
    )


def run(_: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run a broker until Ctrl-C or SIGTERM.

    Raises:
        RefusedError: the broker stopped with an error; its log in the folder gives the reason.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = serve(Broker(arguments.dir, arguments.port))
    except KeyboardInterrupt:
        code = 0
    if code:
        raise RefusedError(f"{arguments.dir}: the Kafka broker ended by itself; see the log there.")
    return {}


JOB = Job("broker", __doc__, add_arguments, run, "python -m streaming broker")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a broker from a command line; print no result line, because a broker has no result.

    Returns:
        The exit code.
    """
    arguments = JOB.parser().parse_args(argv)
    start_logging()
    try:
        JOB.run(Context(JobSettings(), JOB.name), arguments)
    except ShopcastError as error:
        progress("%s", error)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
