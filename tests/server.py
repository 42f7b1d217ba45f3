"""python -m serving as a process of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx

T = TypeVar("T")
SERVING = (sys.executable, "-m", "serving")
ADDRESS = re.compile(r"Uvicorn running on (http://[\d.]+:\d+)")


class Server:
    """A started server; its log goes to a file."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def client(self) -> httpx.Client:
        """Wait until the server listens, and return a client of it."""
        found = self.wait_until(lambda: ADDRESS.search(self.log))
        return httpx.Client(base_url=found.group(1), timeout=10)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def wait_until(self, ask: Callable[[], T | None], seconds: float = 60) -> T:
        """Return the first true answer."""
        deadline = time.monotonic() + seconds
        while not (answer := ask()):
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)
        return answer


@contextmanager
def started(
    folder: Path, *arguments: str, start: Sequence[str] = SERVING, **environment: str
) -> Iterator[Server]:
    """Start the server on any free port, with its log in a folder, and kill it at the end."""
    log = folder / "server.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*start, "--port", "0", *arguments], stderr=stream, env={**os.environ, **environment}
        )
    try:
        yield Server(process, log)
    finally:
        process.kill()
        process.wait()
