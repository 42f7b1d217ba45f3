"""Watching: gold tables, months and runs of a lake → metrics for Prometheus, until it is stopped.

    python -m watching [--lake URI] [--port N] [--address HOST]

Reads silver months and gold forecast_versions, forecast_scores, model_history, feature_skew, drift
and job_runs at each scrape of GET /metrics, where one of them has changed. Writes nothing, and
starts no Spark. A lake that cannot be read is shown as shopcast_lake_up 0.
"""

import argparse
from collections.abc import Mapping
from threading import Event

from prometheus_client import CollectorRegistry, start_http_server

from cli.arguments import add_lake_argument, lake_of
from cli.command import Job
from cli.streaming_arguments import THIS_MACHINE
from lakehouse.context import Context
from lakehouse.errors import UsageError
from lakehouse.progress import progress
from watching.collector import LakeCollector

PORT = 9109


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    parser.add_argument(
        "--port", type=int, default=PORT, metavar="N", help=f"port to listen on (default: {PORT})"
    )
    parser.add_argument(
        "--address",
        default=THIS_MACHINE,
        metavar="HOST",
        help="address to listen on; 0.0.0.0: all addresses of the machine "
        f"(default: {THIS_MACHINE}, which no other machine reaches)",
    )


def run(context: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Serve the metrics until a signal ends the process."""
    registry = CollectorRegistry()
    registry.register(LakeCollector(lake_of(context, arguments)))
    try:
        server, _ = start_http_server(arguments.port, arguments.address, registry)
    except OSError as error:
        raise UsageError(
            f"--port {arguments.port}: {arguments.address} cannot be listened on "
            f"({error.strerror}); name another port or address."
        ) from None
    progress("metrics of the lake: http://%s:%d/metrics", *server.server_address[:2])
    Event().wait()
    return {}


JOB = Job("watching", __doc__, add_arguments, run, "python -m watching", is_recorded=False)
