"""Command of the HTTP API: the newest published forecasts → answers over HTTP.

    python -m serving [--lake URI] [--host ADDRESS] [--port NUMBER] [--workers NUMBER]
    python -m serving keys create | list | revoke | rotate

Reads gold.forecast_versions, gold.forecasts and silver.shops through delta-rs; writes nothing.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from threading import Event
from typing import NoReturn

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from lakehouse.errors import UsageError
from serving.access import commands as key_commands
from serving.access.deadlines import protocol_of
from serving.access.key_store import KeyStore
from serving.app import create_app
from serving.run_folder import shared_run_folder
from serving.settings import ServingSettings, describe_settings, export_settings, read_settings
from serving.watching.logs import configure_log

# Kubernetes kills a process that runs on thirty seconds after SIGTERM.
GRACE_SECONDS = 20
ended = Event()
EPILOG = f"""environment:
{describe_settings()}

python -m serving keys --help says how keys are created and revoked.

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
    parser.add_argument("--workers", metavar="NUMBER", help="processes that answer (default: 1)")
    return parser


def serve(app: FastAPI | str, settings: ServingSettings) -> int:
    """Run the application until SIGTERM or Ctrl-C, and return the exit code.

    Args:
        app: the application, or the name of its factory for several workers.
        settings: address, workers and the time for headers.
    """
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        factory=isinstance(app, str),
        workers=settings.workers,
        http=protocol_of(settings.header_seconds),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return serve_alone(config) if settings.workers == 1 else serve_by_workers(config)


def serve_alone(config: uvicorn.Config) -> int:
    """Answer in this process, and return the exit code."""
    server = uvicorn.Server(config)
    # uvicorn raises the received signal again after its shutdown. If the address is taken, uvicorn
    # logs the reason and raises SystemExit.
    with suppress(KeyboardInterrupt, SystemExit):
        listen()
        server.run()
    return 0 if server.started or ended.is_set() else 1


def serve_by_workers(config: uvicorn.Config) -> int:
    """Answer in worker processes, start ended ones again, and return the exit code."""
    with suppress(KeyboardInterrupt), shared_run_folder():
        listen()
        try:
            socket = config.bind_socket()
        except SystemExit:
            return 1
        workers = Multiprocess(config, [socket])
        workers.run()
        return int(any(worker.exitcode == STARTUP_FAILURE for worker in workers.processes))
    return 0


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


def open_keys(lake_root: str | None) -> KeyStore:
    """Open the keys of a lake's server.

    Raises:
        UsageError: no lake is named, or a setting is wrong.
    """
    return KeyStore(read_settings({"lake_root": lake_root}).state)


def main(argv: Sequence[str] | None = None) -> int:
    """Read the settings and serve until a signal ends the process.

    Returns:
        The exit code.
    """
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["keys"]:
        return key_commands.main(words[1:], open_keys)
    arguments = parser().parse_args(words)
    try:
        settings = read_settings(vars(arguments))
        configure_log(settings.log_format)
        app = create_app(settings)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    if settings.workers == 1:
        return serve(app, settings)
    export_settings(settings)
    return serve("serving.app:create_worker", settings)


if __name__ == "__main__":
    sys.exit(main())
