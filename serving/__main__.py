"""Serves forecasts over HTTP.

    python -m serving [--lake URI] [--host ADDRESS] [--port NUMBER]

Reads gold.forecast_versions, gold.forecasts and silver.shops through delta-rs; writes nothing.
"""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from threading import Event
from typing import NoReturn

import uvicorn
from fastapi import FastAPI

from lakehouse.errors import UsageError
from serving.app import create_app
from serving.settings import ServingSettings, read_settings

# Kubernetes kills what has not ended thirty seconds after SIGTERM.
GRACE_SECONDS = 20
ended = Event()
EPILOG = """environment:
  LAKE_ROOT        the lake, where --lake is not given
  HOST, PORT       where to listen (127.0.0.1, 8000): this machine alone, until HOST opens it
  REFRESH_SECONDS  how often to look for a newer version (60)
  MAX_AGE_MONTHS   not ready when the cutoff is more months ago (not checked)

It starts without a lake or forecasts, too: GET /readyz says what it waits for.

exit codes:
  0  ended by SIGTERM or Ctrl-C
  1  failed: the address is taken, or a defect of the program
  2  wrong use: the command line or a setting
"""


def parser() -> argparse.ArgumentParser:
    """Build the command-line parser."""
    parser = argparse.ArgumentParser(
        prog="python -m serving",
        description="Serve the newest published forecasts over HTTP.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--lake",
        dest="lake_root",
        metavar="URI",
        help="where the tables live: a folder, file://, s3a:// or abfss:// (default: LAKE_ROOT)",
    )
    parser.add_argument("--host", metavar="ADDRESS", help="0.0.0.0: reachable from other machines")
    parser.add_argument("--port", metavar="NUMBER", help="0: any free port, which the log names")
    return parser


def serve(app: FastAPI, settings: ServingSettings) -> int:
    """Run the application until SIGTERM or Ctrl-C, and return the exit code."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    # uvicorn raises a signal again once it has shut down. SystemExit is its own too, where the
    # address is taken; its log has said so.
    with suppress(KeyboardInterrupt, SystemExit):
        listen()
        server.run()
    return 0 if server.started or ended.is_set() else 1


def end(_number: int, _frame: object) -> NoReturn:
    """End where nothing is served: before the server starts, and once it has shut down."""
    ended.set()
    raise KeyboardInterrupt


def listen() -> None:
    """Let SIGTERM end us, also as a container's first process, and Ctrl-C unless it is ignored."""
    signal.signal(signal.SIGTERM, end)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, end)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve from a command line.

    Returns:
        The exit code.
    """
    arguments = parser().parse_args(argv)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    try:
        settings = read_settings(vars(arguments))
        app = create_app(settings)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return serve(app, settings)


if __name__ == "__main__":
    sys.exit(main())
