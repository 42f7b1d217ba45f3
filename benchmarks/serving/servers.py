"""The API and the bare application, each started as a process."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.process_tree import tree_kib
from lakehouse.lake import Lake

ADDRESS = re.compile(r"running on (http://[\d.]+:\d+)")
START_SECONDS = 300


@dataclass(frozen=True)
class Server:
    """A started server.

    Attributes:
        url: where the server listens.
        pid: the server's process.
        ready_seconds: from the start of the process to the first answer that is ready.
    """

    url: str
    pid: int
    ready_seconds: float

    @property
    def mib(self) -> int:
        """Memory of the server and its workers, MiB of proportional set size."""
        return tree_kib(self.pid) // 1024


@contextmanager
def serving(lake: Lake, folder: Path, workers: int = 1, refresh: float = 60) -> Iterator[Server]:
    """Run the API over a lake, without a limit of rates, with its files and log in a folder."""
    command = [sys.executable, "-m", "serving", "--port", "0", "--workers", str(workers)]
    settings = {
        "LAKE_ROOT": lake.root,
        "CACHE_FOLDER": str(folder / "cache"),
        "STATE_FOLDER": str(folder / "state"),
        "REFRESH_SECONDS": str(refresh),
        "RATE_LIMIT": "off",
    }
    with running(command, settings, folder / "serving.log", "/readyz") as server:
        yield server


@contextmanager
def bare(folder: Path) -> Iterator[Server]:
    """Run the bare application with uvicorn's fastest loop and parser."""
    command = [sys.executable, "-m", "uvicorn", "--factory", "benchmarks.serving.bare:create_bare"]
    command += ["--port", "0", "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    with running(command, {"BODIES": str(folder)}, folder / "bare.log", "/predict") as server:
        yield server


@contextmanager
def running(
    command: Sequence[str], settings: Mapping[str, str], log: Path, path: str
) -> Iterator[Server]:
    """Run a server until a block ends; the block begins when ``path`` answers with status 200."""
    started = time.monotonic()
    with log.open("w") as stream:
        process = subprocess.Popen(command, stderr=stream, stdout=stream, env=os.environ | settings)
    try:
        url = wait_for(process, log, path, started + START_SECONDS)
        yield Server(url, process.pid, time.monotonic() - started)
    finally:
        process.terminate()
        process.wait(60)


def wait_for(process: subprocess.Popen[bytes], log: Path, path: str, deadline: float) -> str:
    """Wait until a server answers with status 200, and return the server's URL.

    Raises:
        RuntimeError: the server ended, or is not ready in time; names the log.
    """
    while time.monotonic() < deadline and process.poll() is None:
        if address := ADDRESS.search(log.read_text()):
            try:
                if httpx.get(address[1] + path, timeout=5).status_code == 200:
                    return address[1]
            except httpx.TransportError:
                pass
        time.sleep(0.02)
    raise RuntimeError(f"the server is not ready; see {log}")
