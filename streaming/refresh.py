"""Refresh: changed silver sales and catalogue → monthly cells and features, continuously.

    python -m streaming refresh [--lake URI] [--available-now]
        [--metrics-port N] [--metrics-address HOST]

Reads silver daily_sales, daily_offers, shops, items, months. Writes silver monthly_<group> and
gold features_<group>. The latest months come first; older months that late sales made stale follow
as time allows. Ctrl-C ends the command between two refreshes.
"""

import argparse
from collections.abc import Mapping

from cli.arguments import add_lake_argument, lake_of
from cli.command import Job
from cli.streaming_arguments import add_metrics_arguments
from lakehouse.context import Context
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from streaming.queries.metrics import RefreshMetrics
from streaming.queries.refresh import Refresh
from streaming.queries.stopping import stop_on_signals

LOOK_SECONDS = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    parser.add_argument(
        "--available-now", action="store_true", help="bring everything up to date, then stop"
    )
    add_metrics_arguments(parser)


def run(context: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Refresh until a signal stops the process or, with ``--available-now``, all is up to date."""
    lake, metrics, stopping = lake_of(context, arguments), RefreshMetrics(), stop_on_signals()
    stored_profile(lake)
    refresh = Refresh(lake, lambda: context.spark, metrics)
    if arguments.metrics_port is not None:
        metrics.serve(arguments.metrics_port, arguments.metrics_address)
    progress("refresh: watching %s", lake.root)
    while not stopping.is_set():
        is_done = not refresh(is_last=arguments.available_now)
        if is_done and arguments.available_now:
            break
        if is_done:
            stopping.wait(LOOK_SECONDS)
    return {"rows": metrics.total, "batches": metrics.count, "stopped": stopping.is_set()}


JOB = Job("refresh", __doc__, add_arguments, run, "python -m streaming refresh")
