"""Command of the HTTP API: the newest published forecasts → answers over HTTP.

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
from serving.settings import ServingSettings, describe_settings, read_settings

# Kubernetes kills a process that runs on thirty seconds after SIGTERM.
GRACE_SECONDS = 20
ended = Event()
EPILOG = f"""environment:
{describe_settings()}

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
    # uvicorn raises the received signal again after its shutdown. If the address is taken, uvicorn
    # logs the reason and raises SystemExit.
    with suppress(KeyboardInterrupt, SystemExit):
        listen()
        server.run()
    return 0 if server.started or ended.is_set() else 1


def end(_number: int, _frame: object) -> NoReturn:
    """Handle a signal outside uvicorn's own handling: before the start and after the shutdown.

    Raises:
        KeyboardInterrupt: always.
    """
    ended.set()
    raise KeyboardInterrupt


def listen() -> None:
    """Install ``end`` as the handler of SIGTERM, and of Ctrl-C unless the parent ignores Ctrl-C.

    Without a handler, SIGTERM does not end a container's first process.
    """
    signal.signal(signal.SIGTERM, end)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, end)


def main(argv: Sequence[str] | None = None) -> int:
    """Read the settings and serve until a signal ends the process.

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
