"""Every run of a command on a lake is recorded, and leads from a forecast back to its sales."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from builders import profile
from injection import Killed, hooked, kill_at
from job_runs import run
from small_lakes import random_sales, small_lake

from cli.command import Job, as_recorded
from cli.run_record import record_run, start_of
from features.feature_set import feature_set, panel_table
from jobs import build_features, build_panel, close_month, make_sample
from lakehouse.context import Context
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows
from lakehouse.delta.commits import commit_name
from lakehouse.delta.observed import last_commit, observe, read_metadata, run_of
from lakehouse.job_runs import JobRun, Trace, append_job_run, read_job_runs, trace_forecast
from lakehouse.lake import Lake
from lakehouse.settings import JobSettings
from lakehouse.storage import local_path
from lakehouse.tables.gold import FORECAST_VERSIONS
from lakehouse.tables.runs import JOB_RUNS
from lakehouse.tables.silver import DAILY_SALES

REBUILD = ("--rebuild", "--from", "2015-06")


@pytest.fixture
def filled(tmp_path: Path) -> Lake:
    return small_lake(tmp_path / "lake", random_sales(1, 300))


def run_recorded(job: Job, lake: Lake, *arguments: object) -> dict[str, Any]:
    return run(as_recorded(job), "--lake", lake.root, *arguments)[1]


def work_of(lake: Lake, command: str, work: Callable[[], Mapping[str, Any]]) -> None:
    started = start_of(Context(JobSettings(), command), command, {"lake": lake.root})
    record_run(lake, started, work)


def publish(lake: Lake, version: str) -> Mapping[str, Any]:
    """Stand for jobs.forecast: read a panel, publish a version."""
    log.load(lake, panel_table(feature_set(profile()), "assortment", 1))
    row = {
        "version": version,
        "cutoff": date(2015, 6, 1),
        "model": "m",
        "inputs": "{}",
        "rows": 1,
        "status": "published",
        "published_at": datetime.now(UTC),
    }
    append_rows(
        lake, FORECAST_VERSIONS, pa.Table.from_pylist([row], schema=FORECAST_VERSIONS.schema)
    )
    return {"version": version, "rows": 1}


def test_a_run_is_recorded_with_what_it_read_and_wrote(filled: Lake) -> None:
    read = log.version(filled, DAILY_SALES)
    figures = run_recorded(build_features.JOB, filled, *REBUILD)
    (row,) = read_job_runs(filled)
    assert (row.command, row.status, row.exit_code) == ("build_features", "done", 0)
    assert row.reads[DAILY_SALES.path] == read
    assert {path.split("/")[0] for path in row.writes} == {"silver", "gold"}
    assert all(path.partition("/")[2].startswith(("monthly_", "features_")) for path in row.writes)
    assert json.loads(row.result or "{}") == {**json.loads(json.dumps(figures, default=str))}
    assert row.ended_at is not None
    assert row.started_at <= row.ended_at
    for path, version in row.writes.items():
        assert run_of(f"{filled.root}/{path}", version) == row.run
        assert read_metadata(f"{filled.root}/{path}", version + 1) is None


def test_what_another_process_wrote_meanwhile_is_not_a_runs_output(filled: Lake) -> None:
    def work() -> Mapping[str, Any]:
        log.load(filled, DAILY_SALES)
        program = (
            "import sys; from lakehouse.delta import log; from lakehouse.lake import Lake;"
            "from lakehouse.tables.silver import DAILY_SALES;"
            "log.set_property(Lake.at(sys.argv[1]), DAILY_SALES, 'shopcast.note', 'x')"
        )
        subprocess.run([sys.executable, "-c", program, filled.root], check=True)
        return {}

    before = log.version(filled, DAILY_SALES)
    work_of(filled, "reader", work)
    (row,) = read_job_runs(filled)
    assert log.version(filled, DAILY_SALES) == before + 1
    assert row.reads == {DAILY_SALES.path: before}
    assert row.writes == {}


def test_a_long_run_s_last_commit_is_found_when_the_log_has_forgotten_its_first(
    filled: Lake,
) -> None:
    uri = filled.uri(DAILY_SALES)
    with observe("long") as observation:
        first = log.version(filled, DAILY_SALES)
        for number in range(4):
            transaction = log.Named("stream", number + 1)
            append_rows(filled, DAILY_SALES, DAILY_SALES.schema.empty_table(), transaction)
            log.load(filled, DAILY_SALES)
    log.set_property(filled, DAILY_SALES, "shopcast.note", "by another")
    last = log.version(filled, DAILY_SALES) - 1
    (local_path(uri) / commit_name(first + 1)).unlink()
    assert last_commit(uri, "long", observation.opened[uri]) == last
    assert last_commit(uri, "other", observation.opened[uri]) is None


def test_a_refused_run_and_a_defect_are_recorded(filled: Lake) -> None:
    def fail() -> Mapping[str, Any]:
        raise ZeroDivisionError("a defect")

    run_recorded(build_features.JOB, filled, "--from", "1999-01")
    with pytest.raises(ZeroDivisionError):
        work_of(filled, "defect", fail)
    defect, refused = read_job_runs(filled)
    assert (refused.status, refused.exit_code) == ("wrong use", 2)
    assert "1999-01" in json.loads(refused.result or "{}")["error"]
    assert (defect.status, defect.exit_code) == ("failed", 1)


def test_a_folder_without_a_lake_stays_as_it_is(tmp_path: Path) -> None:
    figures = run_recorded(build_features.JOB, Lake.at(str(tmp_path / "none")))
    assert figures["status"] == "refused"
    assert list(tmp_path.iterdir()) == []


def test_a_command_without_a_lake_is_not_recorded_in_that_of_the_environment(
    filled: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_ROOT", filled.root)
    code, figures = run(as_recorded(make_sample.JOB), "--out", tmp_path / "sample")
    assert code == 0, figures
    assert read_job_runs(filled) == []
    assert run(as_recorded(build_features.JOB))[0] == 0
    assert [row.command for row in read_job_runs(filled)] == ["build_features"]


def test_a_step_names_the_run_that_ran_it(filled: Lake) -> None:
    def work() -> Mapping[str, Any]:
        return run_recorded(close_month.JOB, filled, "--if-complete")

    work_of(filled, "pipeline", work)
    step, pipeline = read_job_runs(filled)
    assert (step.command, step.parent) == ("close_month", pipeline.run)
    assert pipeline.parent is None
    # What a step changed, its commits say; the pipeline claims no commit of its steps.
    assert pipeline.writes == {}


def test_a_password_in_an_address_is_masked(filled: Lake) -> None:
    given = {"to": "postgresql://shop:secret%2F@db/x", "lake": filled.root}
    row = start_of(Context(JobSettings(), "publish"), "publish", given)
    assert "secret" not in row.arguments
    assert "postgresql://…@db/x" in row.arguments


KILLED = """
import os, signal, sys
from cli.run_record import record_run, start_of
from lakehouse.context import Context
from lakehouse.lake import Lake
from lakehouse.settings import JobSettings
start = start_of(Context(JobSettings(), "train"), "train", {})
record_run(Lake.at(sys.argv[1]), start, lambda: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_killed_run_is_found_by_the_next(filled: Lake) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, filled.root], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert [row.status for row in read_job_runs(filled)] == ["running"]
    run_recorded(build_features.JOB, filled)
    newest, killed = read_job_runs(filled)
    assert (newest.command, newest.status) == ("build_features", "done")
    assert (killed.command, killed.status, killed.exit_code) == ("train", "killed", None)
    assert killed.ended_at is not None


@pytest.mark.parametrize(("number", "left"), [(1, []), (2, ["running"])])
def test_a_run_that_is_cut_off_at_its_record_leaves_a_whole_table(
    filled: Lake, number: int, left: list[str]
) -> None:
    with pytest.raises(Killed), hooked(kill_at(f"before {JOB_RUNS.path}", number)):
        run_recorded(build_features.JOB, filled)
    assert [row.status for row in read_job_runs(filled)] == left
    run_recorded(build_features.JOB, filled)
    assert [row.status for row in read_job_runs(filled)] == ["done", *left]


def test_a_running_process_is_not_taken_for_dead(filled: Lake) -> None:
    def work() -> Mapping[str, Any]:
        run_recorded(build_features.JOB, filled)
        return {}

    work_of(filled, "ingest", work)
    assert {row.status for row in read_job_runs(filled)} == {"done"}


def test_a_later_process_of_the_same_number_is_another(filled: Lake) -> None:
    """In a container that starts again every process has the number 1."""
    start = start_of(Context(JobSettings(), "train"), "train", {})
    host, number, _ = start.process.rsplit(":", 2)
    assert int(number) == os.getpid()
    earlier = JobRun(**{**vars(start), "process": f"{host}:{number}:1"})
    append_job_run(filled, earlier)
    run_recorded(build_features.JOB, filled)
    assert [row.status for row in read_job_runs(filled)] == ["done", "killed"]


def test_a_lake_that_cannot_take_the_record_stops_no_command(
    filled: Lake, caplog: pytest.LogCaptureFixture
) -> None:
    place = local_path(filled.uri(JOB_RUNS))
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("a file where the table should be")
    with caplog.at_level(logging.INFO, "shopcast"):
        assert run_recorded(build_features.JOB, filled)["status"] == "done"
    assert "gold.job_runs does not have this run" in caplog.text


def test_a_forecast_leads_back_to_the_version_of_its_sales(filled: Lake) -> None:
    sales = log.version(filled, DAILY_SALES)
    run_recorded(build_features.JOB, filled, "--rebuild")
    run_recorded(build_panel.JOB, filled)
    work_of(filled, "forecast", lambda: publish(filled, "v1"))
    log.set_property(filled, DAILY_SALES, "shopcast.note", "later")
    run_recorded(build_features.JOB, filled, "--rebuild")
    trace = trace_forecast(filled, "v1")
    assert isinstance(trace, Trace)
    assert [step.command for step in trace.steps] == ["forecast", "build_panel", "build_features"]
    assert trace.sales_version == sales
    assert log.version(filled, DAILY_SALES) == sales + 1
    assert trace_forecast(filled, "v2") is None
