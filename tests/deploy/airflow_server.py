"""Airflow as its processes run it: API server, DAG processor and scheduler with LocalExecutor."""

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
BIN = CACHE / "shopcast" / "airflow" / "bin"
PROCESSES = ("api-server", "dag-processor", "scheduler")
ENDED = {"success", "failed"}


class Airflow:
    """A running Airflow, asked and told by its REST API."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)

    def __enter__(self) -> "Airflow":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, method: str, path: str, **request: Any) -> Any:
        answer = self._client.request(method, f"/api/v2{path}", **request)
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        return answer.json()

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                if self._client.get("/api/v2/monitor/health").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.2)
        raise AssertionError(self.log("api-server"))

    def unpause(self, *dags: str) -> None:
        """Let DAGs run as soon as the DAG processor has read them."""
        deadline = time.monotonic() + 60
        known: set[str] = set()
        while not known >= set(dags):
            assert time.monotonic() < deadline, self.log("dag-processor")
            time.sleep(0.2)
            known = {dag["dag_id"] for dag in self.ask("GET", "/dags")["dags"]}
        for dag in dags:
            self.ask("PATCH", f"/dags/{dag}", json={"is_paused": False})

    def trigger(self, dag: str, **fields: Any) -> str:
        """Start a run; returns its id."""
        body = {"logical_date": None, **fields}
        return str(self.ask("POST", f"/dags/{dag}/dagRuns", json=body)["dag_run_id"])

    def backfill(self, dag: str, first_day: str, last_day: str, **options: Any) -> None:
        days = {"from_date": f"{first_day}T00:00:00Z", "to_date": f"{last_day}T00:00:00Z"}
        body = {"dag_id": dag, "max_active_runs": 1, **days, **options}
        self.ask("POST", "/backfills", json=body)

    def runs(self, dag: str, kind: str) -> list[dict[str, Any]]:
        """Wait until a DAG has runs of a kind (scheduled, backfill), and return them."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            runs = self.ask("GET", f"/dags/{dag}/dagRuns", params={"run_type": kind})["dag_runs"]
            if runs:
                return list(runs)
            time.sleep(0.2)
        raise AssertionError(self.log("scheduler"))

    def wait_for(self, dag: str, run: str, seconds: float = 240) -> str:
        """Wait until a run has ended; returns its state."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = str(self.ask("GET", f"/dags/{dag}/dagRuns/{run}")["state"])
            if state in ENDED:
                return state
            time.sleep(0.3)
        raise AssertionError((self.tasks(dag, run), self.log("scheduler")))

    def tasks(self, dag: str, run: str) -> dict[str, tuple[str, int]]:
        """Return the state and the number of attempts of each task of a run."""
        found = self.ask("GET", f"/dags/{dag}/dagRuns/{run}/taskInstances")["task_instances"]
        return {task["task_id"]: (task["state"], task["try_number"]) for task in found}

    def result(self, dag: str, run: str, task: str, name: str = "result") -> dict[str, Any]:
        """Return the result that a task kept."""
        path = f"/dags/{dag}/dagRuns/{run}/taskInstances/{task}/xcomEntries/{name}"
        return dict(self.ask("GET", path, params={"deserialize": "true"})["value"])

    def log(self, process: str) -> str:
        return (self.folder / f"{process}.log").read_text()[-4000:]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def settings(folder: Path, port: int) -> dict[str, str]:
    """The environment of Airflow's processes; nothing of the caller's Airflow or Python."""
    names = ("PATH", "HOME", "LANG", "JAVA_HOME", "JDK_JAVA_OPTIONS", "TMPDIR")
    return {
        **{name: os.environ[name] for name in names if name in os.environ},
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "3",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@contextmanager
def running_airflow(folder: Path, environment: Mapping[str, str]) -> Iterator[Airflow]:
    """Start Airflow on sqlite with the pool of the DAGs; it ends with the block."""
    require_airflow()
    port = free_port()
    variables = {**settings(folder, port), **environment}
    migrate = [BIN / "airflow", "db", "migrate"]
    subprocess.run(migrate, env=variables, check=True, capture_output=True)
    processes = []
    for name in PROCESSES:
        with (folder / f"{name}.log").open("wb") as log:
            command = [str(BIN / "airflow"), name]
            processes.append(
                subprocess.Popen(
                    command, env=variables, stdout=log, stderr=log, start_new_session=True
                )
            )
    try:
        airflow = Airflow(folder, port)
        airflow.wait_until_it_answers()
        airflow.ask("POST", "/pools", json={"name": "shopcast_lake", "slots": 1})
        with airflow:
            yield airflow
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def require_airflow() -> None:
    if not (BIN / "airflow").is_file():
        pytest.skip(f"Airflow is not in {BIN.parent}: run make deploy-tools")
