"""What the gateway costs: the same server with and without it, in turns.

    python -m benchmarks.serving_overhead --lake URI --pair SHOP ITEM [--rounds N] [--requests N]

Both servers answer GET /predict for one pair of the lake. Each round sends the same requests over
kept connections to one server, then to the other one. Printed as a line of JSON: microseconds of
the server's CPU per request, requests a second (medians of the rounds), and the gateway's share of
the CPU: at the limit of a server, the share of requests a second that is lost.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from fastapi import FastAPI

from serving.app import create_app
from serving.settings import read_settings

CONNECTIONS = 8
REQUEST = "GET /predict?shop_id=%s&item_id=%s HTTP/1.1\r\nHost: api\r\nAccept: */*\r\n\r\n"
FACTORIES = {
    "gateway": "serving.app:create_worker",
    "bare": "benchmarks.serving_overhead:create_bare",
}
PORTS = {"gateway": 8761, "bare": 8762}


def create_bare() -> FastAPI:
    """Build the application without its gateway."""
    app = create_app(read_settings({}))
    app.build_middleware_stack = lambda: FastAPI.build_middleware_stack(app)  # type: ignore[method-assign]
    return app


@dataclass(frozen=True)
class Load:
    """What is sent to each server.

    Attributes:
        request: the request, as it is sent.
        count: requests of a round.
    """

    request: bytes
    count: int


@dataclass(frozen=True)
class Round:
    """One server's part of a round.

    Attributes:
        cpu: CPU time of the server per request, microseconds.
        rate: requests a second.
    """

    cpu: float
    rate: float


async def send(port: int, request: bytes, count: int) -> None:
    """Send a request repeatedly over one connection, each after the answer to the one before."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(count):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"port {port}: {head!r}")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
        await reader.readexactly(int(length))
    writer.close()


async def send_all(port: int, load: Load) -> None:
    """Send the requests of a round over ``CONNECTIONS`` connections at once."""
    share = load.count // CONNECTIONS
    await asyncio.gather(*(send(port, load.request, share) for _ in range(CONNECTIONS)))


def measure(port: int, process: psutil.Process, load: Load) -> Round:
    """Send requests to a server and measure the server."""
    before, started = process.cpu_times(), time.perf_counter()
    asyncio.run(send_all(port, load))
    seconds, after = time.perf_counter() - started, process.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    return Round(cpu / load.count * 1e6, load.count / seconds)


@contextmanager
def running(name: str, lake_root: str, folder: Path) -> Iterator[psutil.Process]:
    """Run a server with one worker, whose log goes to a file, as in a container."""
    code = (
        "import uvicorn; from serving.access.deadlines import protocol_of; "
        f"uvicorn.run('{FACTORIES[name]}', factory=True, port={PORTS[name]}, log_config=None, "
        "access_log=False, http=protocol_of(10), ws='none')"
    )
    environment = {**os.environ, "LAKE_ROOT": lake_root, "RATE_LIMIT": "900000000/minute"}
    environment |= {"STATE_FOLDER": str(folder / "state"), "CACHE_FOLDER": str(folder / "cache")}
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=log)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def wait_until_ready(port: int, request: bytes) -> None:
    """Wait until a server answers.

    Raises:
        RuntimeError: the server does not answer for a minute.
    """
    for _ in range(600):
        try:
            asyncio.run(send(port, request, 1))
        except (OSError, RuntimeError, asyncio.IncompleteReadError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"port {port}: the server does not answer.")


def compare(lake_root: str, load: Load, rounds: int) -> dict[str, list[Round]]:
    """Measure both servers in turns, after a round that warms up."""
    figures: dict[str, list[Round]] = {name: [] for name in FACTORIES}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = {n: stack.enter_context(running(n, lake_root, folder)) for n in FACTORIES}
        for name in servers:
            wait_until_ready(PORTS[name], load.request)
        for _ in range(rounds + 1):
            for name, process in servers.items():
                figures[name].append(measure(PORTS[name], process, load))
    return {name: measured[1:] for name, measured in figures.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving_overhead")
    parser.add_argument("--lake", required=True, metavar="URI", help="with published forecasts")
    parser.add_argument("--pair", required=True, nargs=2, metavar=("SHOP", "ITEM"))
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--requests", type=int, default=4000)
    arguments = parser.parse_args(argv)
    load = Load((REQUEST % tuple(arguments.pair)).encode(), arguments.requests)
    figures = compare(arguments.lake, load, arguments.rounds)
    cpu = {name: statistics.median(one.cpu for one in rounds) for name, rounds in figures.items()}
    rate = {name: statistics.median(one.rate for one in rounds) for name, rounds in figures.items()}
    line = {
        "cpu_us": {name: round(value, 1) for name, value in cpu.items()},
        "requests_per_second": {name: round(value) for name, value in rate.items()},
        "share_of_cpu": round(1 - cpu["bare"] / cpu["gateway"], 4),
    }
    sys.stdout.write(json.dumps(line) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
