"""The DAGs deployed: Airflow, a small lake, its API, a webhook, and steps that end as told."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, get_args

import httpx
from airflow_server import ROOT, Airflow, running_airflow
from builders import profile
from learning_lakes import SMALL
from server import started
from small_lakes import random_sales, small_lake

from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.features import Features, OptionalBlock
from lakehouse.storage import local_path
from lakehouse.tables.runs import JOB_RUNS
from serving.access.key_store import KeyStore
from serving.access.scopes import Scope
from serving.state import StateFolder

SALES = MonthRange(date(2014, 1, 1), date(2015, 6, 1))
# May is open; its sales are complete.
MONTHS = MonthRange(date(2014, 1, 1), date(2015, 5, 1))
INTERPRETED = (
    "--conf spark.sql.codegen.wholeStage=false --conf spark.sql.codegen.factoryMode=NO_CODEGEN"
)
ALERT_SECONDS = 30
Ends = dict[str, list[str]]


class Webhook:
    """A server that keeps what is posted to it."""

    def __init__(self) -> None:
        messages: list[dict[str, Any]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.messages = messages
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    def events(self, run_id: str, *wanted: str) -> dict[str, dict[str, Any]]:
        """Return a run's messages by event; the scheduler sends some after the run has ended."""
        give_up_at = time.monotonic() + ALERT_SECONDS
        while True:
            events = {m["event"]: m for m in list(self.messages) if m["run"] == run_id}
            if set(wanted) <= set(events) or time.monotonic() > give_up_at:
                return events
            time.sleep(0.2)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@dataclass
class Deployment:
    """Airflow, the lake of its DAGs, and what their steps do."""

    airflow: Airflow
    lake: Lake
    webhook: Webhook
    api: httpx.Client
    folder: Path

    def set_ends(self, ends: Ends) -> None:
        (self.folder / "ends.json").write_text(json.dumps(ends))
        (self.folder / "calls").write_text("")

    def calls(self, command: str) -> list[list[str]]:
        lines = (self.folder / "calls").read_text().splitlines()
        return [call[1:] for call in map(json.loads, lines) if call[0] == command]

    def versions(self) -> dict[str, int]:
        """Table → number of its commits; that of runs is left out, since every run is recorded."""
        logs = local_path(self.lake.root).rglob("_delta_log")
        counts = {str(folder.parent): len(list(folder.glob("*.json"))) for folder in logs}
        runs = str(local_path(self.lake.uri(JOB_RUNS)))
        return {table: count for table, count in counts.items() if table != runs}


def make_lake(folder: Path) -> Lake:
    """Make a lake whose open month has complete sales."""
    # Few columns, and plans that are interpreted: compiling them would take most of the time.
    few = Features(without=list(get_args(OptionalBlock)))
    meaning = profile().model_copy(update={"model": SMALL, "features": few})
    return small_lake(folder, random_sales(3, 1000, SALES), meaning, months=MONTHS)


@contextmanager
def running_api(folder: Path, lake: Lake) -> Iterator[tuple[httpx.Client, str]]:
    """Serve the lake; yields a client and a key that may send rows and train."""
    state = folder / "state"
    key = KeyStore(StateFolder(state)).create("airflow", [Scope("write"), Scope("train")])
    environment = {"STATE_FOLDER": str(state), "CACHE_FOLDER": str(folder / "cache")}
    with started(folder, "--lake", lake.root, **environment) as server:
        client = server.client()
        client.headers["Authorization"] = f"Bearer {key}"
        yield client, key


@contextmanager
def deployed_dags(folder: Path) -> Iterator[Deployment]:
    """Start everything; it ends with the block."""
    lake, webhook = make_lake(folder / "lake"), Webhook()
    (folder / "ends.json").write_text("{}")
    with running_api(folder, lake) as (api, key):
        address = {"host": api.base_url.host, "port": api.base_url.port, "password": key}
        environment = {
            "SHOPCAST_LAKE": lake.root,
            "SHOPCAST_HOME": str(ROOT),
            "SHOPCAST_PYTHON": str(ROOT / "tests" / "deploy" / "stand_in.py"),
            "SHOPCAST_FOLDS": "1",
            "SHOPCAST_RETRIES": "2",
            "SHOPCAST_RETRY_SECONDS": "1",
            "SHOPCAST_POLL_SECONDS": "1",
            "SHOPCAST_UPDATE_HOURS": str(8 / 3600),
            "AIRFLOW_CONN_SHOPCAST_API": json.dumps({"conn_type": "http", **address}),
            "AIRFLOW_CONN_SHOPCAST_ALERTS": json.dumps(
                {"conn_type": "http", "password": webhook.address}
            ),
            "REAL_PYTHON": sys.executable,
            "STAND_IN": str(folder),
            "PYSPARK_SUBMIT_ARGS": f"{INTERPRETED} --driver-memory 1g pyspark-shell",
        }
        with running_airflow(folder, environment) as airflow:
            yield Deployment(airflow, lake, webhook, api, folder)
    webhook.server.shutdown()
    webhook.server.server_close()
