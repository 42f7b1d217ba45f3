"""A client of /train, and the script that stands for each step of a run."""

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
from asking import Client

# Writes what the file RESULT-<step> has, with the exit code of the file CODE-<step>; waits while
# the file WAIT-<step> exists.
STEP = """
import os, pathlib, sys, time
folder, name = pathlib.Path(__file__).parent, sys.argv[1]
print(os.getpid(), file=(folder / f"pid-{name}").open("w"))
print(name, *sys.argv[2:], file=sys.stderr, flush=True)
while (folder / f"wait-{name}").exists():
    time.sleep(0.02)
for file in folder.glob(f"result-{name}"):
    print(file.read_text())
code = folder / f"code-{name}"
sys.exit(int(code.read_text()) if code.exists() else 0)
"""
ENDED = {"succeeded", "refused", "failed", "cancelled"}
PATIENCE_SECONDS = 60


@dataclass
class Trainer:
    client: Client
    key: str
    steps: Path

    def ask(self, method: str, path: str, **values: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}", **values.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **values)

    def start(self, key: str = "key", **options: Any) -> httpx.Response:
        return self.ask("POST", "/train", headers={"Idempotency-Key": key}, json=options)

    def read(self, key: str = "key") -> dict[str, Any]:
        answer = self.ask("GET", path_of(key))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait(self, key: str = "key", until: Callable[[dict[str, Any]], bool] | None = None) -> Any:
        """Return the run once it has ended, or once a condition holds."""
        holds = until or (lambda run: run["state"] in ENDED)
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while not holds(run := self.read(key)):
            assert time.monotonic() < give_up_at, run
            time.sleep(0.05)
        return run

    def hold(self, step: str) -> None:
        """Make a step wait until it is released."""
        (self.steps / f"wait-{step}").touch()

    def release(self, step: str) -> None:
        (self.steps / f"wait-{step}").unlink()

    def set_outcome(self, step: str, code: int, **result: Any) -> None:
        (self.steps / f"code-{step}").write_text(str(code))
        (self.steps / f"result-{step}").write_text(json.dumps(result))

    def wait_for_step(self, step: str) -> int:
        """Return the id of a step's process, once the step runs."""
        file = self.steps / f"pid-{step}"
        self.wait(until=lambda _: file.exists() and bool(file.read_text()))
        return int(file.read_text())


def path_of(key: str) -> str:
    return f"/train/{sha256(key.encode()).hexdigest()[:32]}"


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
