"""What the gateway costs: the API with and without it, in turns."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import psutil
from fastapi import FastAPI

from benchmarks.serving.beside_bare import spread_pairs
from benchmarks.serving.load import put_load
from benchmarks.serving.servers import Server, running
from lakehouse.lake import Lake
from serving.app import create_app
from serving.settings import read_settings

ROUNDS, SECONDS, WARM_UP_SECONDS = 7, 5, 2
WITHOUT = "benchmarks.serving.overhead:create_without_gateway"


@dataclass(frozen=True)
class Turn:
    """One server under load.

    Attributes:
        rate: requests a second.
        cpu: CPU time of the server for a request, microseconds.
        failed: requests that failed.
    """

    rate: float
    cpu: float
    failed: int


@dataclass(frozen=True)
class Overhead:
    """The gateway's costs: medians of several rounds.

    Attributes:
        rate: requests a second with the gateway.
        bare_rate: requests a second without.
        share_lost: median of ``1 - rate / bare_rate`` of each round.
        cpu: CPU time of the server for a request, microseconds.
        bare_cpu: the same without the gateway.
        failed: requests that failed.
    """

    rate: float
    bare_rate: float
    share_lost: float
    cpu: float
    bare_cpu: float
    failed: int


def create_without_gateway() -> FastAPI:
    """Build the application as the command does, without its gateway."""
    app = create_app(read_settings({}))
    app.build_middleware_stack = lambda: FastAPI.build_middleware_stack(app)  # type: ignore[method-assign]
    return app


@contextmanager
def serving_by(command: list[str], lake: Lake, folder: Path, name: str) -> Iterator[Server]:
    """Run the API by a command, with a rate that is counted and never reached."""
    settings = {
        "LAKE_ROOT": lake.root,
        "CACHE_FOLDER": str(folder / "cache"),
        "STATE_FOLDER": str(folder / "state"),
        "RATE_LIMIT": "900000000/minute",
    }
    with running([sys.executable, "-m", *command], settings, folder / name, "/readyz") as server:
        yield server


def measure_overhead(lake: Lake, rows: int, folder: Path) -> dict[str, object]:
    """Put the same load on both servers in turns."""
    questions = folder / "questions.txt"
    lines = [f"/predict?shop_id={s}&item_id={i}" for s, i in spread_pairs(rows)]
    questions.write_text("\n".join(lines))
    uvicorn = ["uvicorn", "--factory", WITHOUT, "--port", "0", "--no-access-log"]
    uvicorn += ["--loop", "uvloop", "--http", "httptools"]
    with (
        serving_by(["serving", "--port", "0"], lake, folder, "with.log") as api,
        serving_by(uvicorn, lake, folder, "without.log") as bare,
    ):
        for server in (api, bare):
            put_load(server.url, questions, WARM_UP_SECONDS)
        rounds = [(load(api, questions), load(bare, questions)) for _ in range(ROUNDS)]
    return asdict(summarise(rounds))


def load(server: Server, questions: Path) -> Turn:
    """Put load on a server, and measure the server's CPU time."""
    before = cpu_seconds(server)
    result = put_load(server.url, questions, SECONDS)
    seconds = cpu_seconds(server) - before
    return Turn(result.rate, seconds / (result.rate * SECONDS) * 1e6, result.failed)


def cpu_seconds(server: Server) -> float:
    """Return the CPU time that a server's process has taken."""
    times = psutil.Process(server.pid).cpu_times()
    return float(times.user + times.system)


def summarise(rounds: list[tuple[Turn, Turn]]) -> Overhead:
    """Return the medians of rounds: (with the gateway, without)."""
    return Overhead(
        rate=round(median(api.rate for api, _ in rounds)),
        bare_rate=round(median(bare.rate for _, bare in rounds)),
        share_lost=round(median(1 - api.rate / bare.rate for api, bare in rounds), 3),
        cpu=round(median(api.cpu for api, _ in rounds), 1),
        bare_cpu=round(median(bare.cpu for _, bare in rounds), 1),
        failed=sum(api.failed + bare.failed for api, bare in rounds),
    )
