"""Command-line arguments shared by the streaming commands."""

import argparse

# The metrics reveal how much a retailer sells: closed to other machines by default.
THIS_MACHINE = "127.0.0.1"


def add_servers_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--bootstrap-servers``, which falls back to KAFKA_BOOTSTRAP_SERVERS."""
    parser.add_argument(
        "--bootstrap-servers",
        metavar="HOST:PORT",
        help="address of Kafka; separate several by commas (default: KAFKA_BOOTSTRAP_SERVERS)",
    )


def add_metrics_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--metrics-port`` and ``--metrics-address``."""
    parser.add_argument(
        "--metrics-port", type=int, metavar="N", help="port to serve Prometheus metrics on"
    )
    parser.add_argument(
        "--metrics-address",
        default=THIS_MACHINE,
        metavar="HOST",
        help="address to serve the metrics on; 0.0.0.0: all addresses of the machine "
        f"(default: {THIS_MACHINE}, which no other machine reaches)",
    )
