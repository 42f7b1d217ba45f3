"""Local stream: broker, topics, ingest and refresh on one machine, for development.

    python -m streaming local [--lake URI] [--profile NAME|FILE.toml] [--folder DIR]

Starts a broker in --folder unless KAFKA_BOOTSTRAP_SERVERS or --bootstrap-servers names one. Creates
the topics, runs the commands ingest and refresh, and prints how to send sales. Reads and writes
what ingest and refresh do. Ctrl-C ends the broker and both commands.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

from cli.arguments import add_lake_argument, lake_of
from cli.command import Job
from cli.streaming_arguments import add_servers_argument
from ingestion.claim import claim_profile
from lakehouse.context import Context
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.progress import progress
from streaming.kafka.settings import KafkaSettings, kafka_settings
from streaming.kafka.topics import create_topics
from streaming.local_broker.broker import Broker
from streaming.queries.stopping import stop_on_signals

LOCAL_PORT = 9092
STOP_SECONDS, LOOK_SECONDS = 60, 1.0
HOW_TO_SEND = (
    "starting ingest and refresh. Send a file of daily sales from another terminal:\n"
    "  python -m streaming.produce --bootstrap-servers %s --profile %s FILE"
)

Process = subprocess.Popen[bytes]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    add_servers_argument(parser)
    parser.add_argument(
        "--profile",
        metavar="NAME",
        help="what the records mean; required for a new lake (default: the profile of the lake)",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("broker"),
        help="folder of the local broker's records and log (default: broker)",
    )


def run(context: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Run broker, ingest and refresh until a signal stops this process."""
    lake, stopping = lake_of(context, arguments), stop_on_signals()
    profile = claim_profile(lake, arguments.profile, may_create=True)
    with ExitStack() as stack:
        kafka = connect(stack, arguments.bootstrap_servers, arguments.folder)
        create_topics(kafka, [kafka.sales_topic, kafka.catalogue_topic])
        progress(HOW_TO_SEND, kafka.servers, profile.name)
        processes = {
            name: stack.enter_context(running(name, lake, kafka)) for name in ("ingest", "refresh")
        }
        wait(processes, stopping)
    return {"stopped": True}


def connect(stack: ExitStack, servers: str | None, folder: Path) -> KafkaSettings:
    """Return the settings of the named broker, or start a local broker and return its settings."""
    kafka = kafka_settings({"bootstrap_servers": servers})
    if kafka.bootstrap_servers:
        return kafka
    progress("starting a broker in %s", folder)
    broker = stack.enter_context(Broker(folder, LOCAL_PORT))
    return kafka_settings({"bootstrap_servers": broker.servers})


@contextmanager
def running(name: str, lake: Lake, kafka: KafkaSettings) -> Iterator[Process]:
    """Run a query in a process while a block runs.

    At the end of the block the query has ``STOP_SECONDS`` seconds to finish its micro-batch.
    """
    environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": kafka.servers}
    command = [sys.executable, "-m", "streaming", name, "--lake", lake.root]
    # A new session: Ctrl-C reaches only this process, which then ends the queries in order.
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)


def wait(processes: Mapping[str, Process], stopping: Event) -> None:
    """Wait until ``stopping`` is set.

    Raises:
        RefusedError: a query's process ended before; its last log lines give the reason.
    """
    while not stopping.wait(LOOK_SECONDS):
        ended = [name for name, process in processes.items() if process.poll() is not None]
        if ended:
            raise RefusedError(
                f"{', '.join(ended)} ended; see the last log lines above for the reason."
            )


JOB = Job("local", __doc__, add_arguments, run, "python -m streaming local")
