"""A real scheduler runs the DAGs: real steps on a small lake, and steps that end as told."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from airflow_server import ROOT, Airflow, running_airflow
from builders import profile
from job_runs import run
from learning_lakes import SMALL
from small_lakes import random_sales, small_lake

from jobs import check_month
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.storage import local_path

pytestmark = pytest.mark.deploy

DAG = "monthly_forecast"
SALES = MonthRange(date(2014, 1, 1), date(2015, 6, 1))
# May is open; its sales are complete.
MONTHS = MonthRange(date(2014, 1, 1), date(2015, 5, 1))
MONTH = "2015-05"
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

    def events(self, run_id: str) -> dict[str, dict[str, Any]]:
        return {m["event"]: m for m in self.messages if m["run"] == run_id}


@dataclass
class Deployment:
    """Airflow, the lake of its DAGs, and what their steps do."""

    airflow: Airflow
    lake: Lake
    webhook: Webhook
    folder: Path

    def set_ends(self, ends: Ends) -> None:
        (self.folder / "ends.json").write_text(json.dumps(ends))
        (self.folder / "calls").write_text("")

    def calls(self, command: str) -> list[list[str]]:
        lines = (self.folder / "calls").read_text().splitlines()
        return [call[1:] for call in map(json.loads, lines) if call[0] == command]

    def versions(self) -> dict[str, int]:
        """Table → number of its commits."""
        logs = local_path(self.lake.root).rglob("_delta_log")
        return {str(folder.parent): len(list(folder.glob("*.json"))) for folder in logs}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("airflow")
    meaning = profile().model_copy(update={"model": SMALL})
    lake = small_lake(folder / "lake", random_sales(3, 1000, SALES), meaning, months=MONTHS)
    webhook = Webhook()
    connection = {"conn_type": "http", "password": f"http://127.0.0.1:{webhook.server.server_port}"}
    environment = {
        "SHOPCAST_LAKE": lake.root,
        "SHOPCAST_HOME": str(ROOT),
        "SHOPCAST_PYTHON": str(ROOT / "tests" / "deploy" / "stand_in.py"),
        "SHOPCAST_FOLDS": "1",
        "SHOPCAST_RETRIES": "2",
        "SHOPCAST_RETRY_SECONDS": "1",
        "AIRFLOW_CONN_SHOPCAST_ALERTS": json.dumps(connection),
        "REAL_PYTHON": sys.executable,
        "STAND_IN": str(folder),
    }
    (folder / "ends.json").write_text("{}")
    with running_airflow(folder, environment) as airflow:
        airflow.unpause(DAG)
        yield Deployment(airflow, lake, webhook, folder)
    webhook.server.shutdown()


@pytest.fixture
def told(deployment: Deployment) -> Iterator[Callable[[Ends], None]]:
    """Tells steps how to end; afterwards all are real again."""
    yield deployment.set_ends
    deployment.set_ends({})


def test_every_dag_is_read(deployment: Deployment) -> None:
    assert deployment.airflow.ask("GET", "/importErrors")["import_errors"] == []
    dags = {dag["dag_id"] for dag in deployment.airflow.ask("GET", "/dags")["dags"]}
    assert dags == {DAG, "daily_update", "data_update", "retrain"}


def test_a_refused_step_fails_at_once_and_the_webhook_says_why(deployment: Deployment) -> None:
    # The run that the schedule starts: of last month, which is not the lake's open month.
    airflow, (first,) = deployment.airflow, deployment.airflow.runs(DAG)
    run_id, month = first["dag_run_id"], first["partition_key"]
    assert airflow.wait_for(DAG, run_id) == "failed"
    assert airflow.tasks(DAG, run_id)["close"] == ("failed", 1)
    assert airflow.result(DAG, run_id, "close")["status"] == "refused"
    events = deployment.webhook.events(run_id)
    assert f"{month} is not the open month" in events["task_failed"]["error"]
    assert events["run_failed"]["dag"] == DAG


def test_a_month_is_closed_and_forecast_and_again_changes_nothing(deployment: Deployment) -> None:
    airflow, lake = deployment.airflow, deployment.lake
    state = ("--lake", lake.root, "--month", MONTH)
    assert run(check_month.JOB, *state)[0] == 3
    run_id = airflow.trigger(DAG, partition_key=MONTH)
    assert airflow.wait_for(DAG, run_id) == "success", airflow.tasks(DAG, run_id)
    code, of_month = run(check_month.JOB, *state)
    assert code == 0
    assert of_month["version"] == airflow.result(DAG, run_id, "forecast")["version"]
    assert set(airflow.tasks(DAG, run_id).values()) == {("success", 1)}
    before = deployment.versions()
    again = airflow.trigger(DAG, conf={"month": MONTH})
    assert airflow.wait_for(DAG, again) == "success", airflow.tasks(DAG, again)
    assert airflow.result(DAG, again, "check_forecast")["version"] == of_month["version"]
    assert deployment.versions() == before


def test_a_failed_step_is_tried_again(deployment: Deployment, told: Callable[[Ends], None]) -> None:
    told({"*": ["done"], "close_month": ["failed", "done"]})
    run_id = deployment.airflow.trigger(DAG, partition_key="2015-01")
    assert deployment.airflow.wait_for(DAG, run_id) == "success"
    tasks = deployment.airflow.tasks(DAG, run_id)
    assert tasks["close"] == ("success", 2)
    # A later month is the cutoff, so that nothing is made from this one.
    assert tasks["train"][0] == "skipped"


def test_killed_and_silent_steps_are_no_success(
    deployment: Deployment, told: Callable[[Ends], None]
) -> None:
    told({"*": ["done"], "close_month": ["killed", "silent", "killed"]})
    run_id = deployment.airflow.trigger(DAG, partition_key="2015-02")
    assert deployment.airflow.wait_for(DAG, run_id) == "failed"
    assert deployment.airflow.tasks(DAG, run_id)["close"] == ("failed", 3)
    assert "exit code -9" in deployment.webhook.events(run_id)["task_failed"]["error"]
    assert deployment.calls("check_month") == []


def test_months_are_filled_in_one_after_the_other(
    deployment: Deployment, told: Callable[[Ends], None]
) -> None:
    told({"*": ["done"]})
    airflow = deployment.airflow
    airflow.backfill(DAG, "2014-10-01", "2014-12-31")
    runs = [r for r in airflow.runs(DAG) if r["run_type"] == "backfill"]
    assert {r["logical_date"] for r in runs} == {None}
    assert {airflow.wait_for(DAG, r["dag_run_id"]) for r in runs} == {"success"}
    closed = [arguments[-1] for arguments in deployment.calls("close_month")]
    assert closed == ["2014-10", "2014-11", "2014-12"]
