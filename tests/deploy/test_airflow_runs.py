"""A real scheduler runs the DAGs: real steps on a small lake, and steps that end as told."""

import time
from collections.abc import Callable, Iterator

import psutil
import pytest
from dag_deployment import Deployment, Ends, deployed_dags
from job_runs import run

from jobs import check_month

pytestmark = pytest.mark.deploy

DAG, MONTH = "monthly_forecast", "2015-05"
OTHERS = ("daily_update", "data_update", "retrain")


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed_dags(tmp_path_factory.mktemp("airflow")) as everything:
        everything.airflow.unpause(DAG, *OTHERS)
        yield everything


@pytest.fixture
def told(deployment: Deployment) -> Iterator[Callable[[Ends], None]]:
    """Tells steps how to end; afterwards all are real again."""
    yield deployment.set_ends
    deployment.set_ends({})


def test_every_dag_is_read(deployment: Deployment) -> None:
    assert deployment.airflow.ask("GET", "/importErrors")["import_errors"] == []
    dags = {dag["dag_id"] for dag in deployment.airflow.ask("GET", "/dags")["dags"]}
    assert dags == {DAG, *OTHERS}


def test_a_refused_step_fails_at_once_and_the_webhook_says_why(deployment: Deployment) -> None:
    airflow, later = deployment.airflow, "2016-01"
    run_id = airflow.trigger(DAG, partition_key=later)
    assert airflow.wait_for(DAG, run_id) == "failed"
    assert airflow.tasks(DAG, run_id)["close"] == ("failed", 1)
    assert airflow.result(DAG, run_id, "close")["status"] == "refused"
    events = deployment.webhook.events(run_id, "task_failed", "run_failed")
    assert f"{later} is not the open month" in events["task_failed"]["error"]
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


def test_a_run_that_takes_too_long_is_ended_with_its_process(
    deployment: Deployment, told: Callable[[Ends], None]
) -> None:
    told({"*": ["slow"]})
    run_id = deployment.airflow.trigger("daily_update")
    assert deployment.airflow.wait_for("daily_update", run_id) == "failed"
    pid = int((deployment.folder / "slow").read_text())
    deadline = time.monotonic() + 60
    while psutil.pid_exists(pid) or "run_failed" not in deployment.webhook.events(run_id):
        assert time.monotonic() < deadline, deployment.webhook.messages
        time.sleep(0.2)
    assert deployment.webhook.events(run_id)["run_failed"]["reason"] == "timed_out"


def test_months_are_filled_in_one_after_the_other(
    deployment: Deployment, told: Callable[[Ends], None]
) -> None:
    told({"*": ["done"]})
    airflow = deployment.airflow
    airflow.backfill(DAG, "2014-10-01", "2014-12-31")
    runs = airflow.runs(DAG, "backfill")
    assert {r["logical_date"] for r in runs} == {None}
    assert {airflow.wait_for(DAG, r["dag_run_id"]) for r in runs} == {"success"}
    # After the first backfill, the schedule starts last month's run, beside the others.
    closed = [month for *_, month in deployment.calls("close_month") if month < "2015"]
    assert closed == ["2014-10", "2014-11", "2014-12"]


def test_a_file_is_sent_once_however_often_the_run_is_repeated(deployment: Deployment) -> None:
    airflow, api = deployment.airflow, deployment.api
    file = deployment.folder / "sales.csv"
    file.write_text("date,shop_id,item_id,units,price\n2015-06-03,1,10,2,5.00\n2015-06-03,x,,,\n")
    run_id = airflow.trigger("data_update", conf={"file": str(file), "what": "sales"})
    assert airflow.wait_for("data_update", run_id) == "success"
    ended = airflow.result("data_update", run_id, "wait", "return_value")
    assert (ended["read"], ended["accepted"], ended["rejected"]) == (2, 1, 1)
    clear = {"dag_run_id": run_id, "only_failed": False, "dry_run": False}
    airflow.ask("POST", "/dags/data_update/clearTaskInstances", json=clear)
    assert airflow.wait_for("data_update", run_id) == "success"
    assert airflow.tasks("data_update", run_id)["upload"] == ("success", 2)
    uploads = api.get("/update_data").json()["uploads"]
    assert [upload["id"] for upload in uploads] == [ended["id"]]


def test_a_refused_file_fails_at_once(deployment: Deployment) -> None:
    file = deployment.folder / "empty.csv"
    file.write_text("date,shop_id,item_id,units,price\nyesterday,1,10,2,5.00\n")
    run_id = deployment.airflow.trigger("data_update", conf={"file": str(file)})
    assert deployment.airflow.wait_for("data_update", run_id) == "failed"
    assert deployment.airflow.tasks("data_update", run_id)["upload"] == ("failed", 1)


def test_a_cancelled_training_fails_the_run(deployment: Deployment) -> None:
    airflow, api = deployment.airflow, deployment.api
    run_id = airflow.trigger("retrain")
    deadline = time.monotonic() + 60
    while not (trainings := api.get("/train").json()["trainings"]):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert len(trainings) == 1
    api.post(f"/train/{trainings[0]['id']}/cancel").raise_for_status()
    assert airflow.wait_for("retrain", run_id) == "failed"
    assert airflow.tasks("retrain", run_id)["start"] == ("success", 1)
    error = deployment.webhook.events(run_id)["task_failed"]["error"]
    assert "cancelled" in error
