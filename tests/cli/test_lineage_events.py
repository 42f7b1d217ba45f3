"""OpenLineage events of runs reach a receiver, and no receiver stops a command."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from job_runs import run
from small_lakes import random_sales, small_lake

from cli.command import as_recorded
from jobs import build_features
from lakehouse.job_runs import read_job_runs
from lakehouse.lake import Lake
from lakehouse.storage import local_path


@pytest.fixture
def filled(tmp_path: Path) -> Lake:
    return small_lake(tmp_path / "lake", random_sales(1, 100))


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that a receiver writes events to."""
    file = tmp_path / "events.json"
    configuration = tmp_path / "openlineage.yml"
    transport = {"type": "file", "log_file_path": str(file), "append": True}
    configuration.write_text(json.dumps({"transport": transport}))
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(configuration))
    return file


def build(lake: Lake, *arguments: object) -> Mapping[str, Any]:
    return run(as_recorded(build_features.JOB), "--lake", lake.root, *arguments)[1]


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_run_sends_its_start_and_its_end_with_versions(filled: Lake, events: Path) -> None:
    build(filled, "--rebuild")
    start, end = read(events)
    assert [start["eventType"], end["eventType"]] == ["START", "COMPLETE"]
    assert start["run"]["runId"] == end["run"]["runId"]
    (row,) = read_job_runs(filled)
    root = str(local_path(filled.root))
    sent = {each["name"]: each["facets"]["version"]["datasetVersion"] for each in end["outputs"]}
    assert sent == {f"{root}/{path}": str(version) for path, version in row.writes.items()}
    assert {each["namespace"] for each in end["inputs"]} == {"file"}


def test_a_refused_run_sends_its_reason(filled: Lake, events: Path) -> None:
    build(filled, "--from", "1999-01")
    _, end = read(events)
    assert end["eventType"] == "FAIL"
    assert "1999-01" in end["run"]["facets"]["errorMessage"]["message"]


def test_a_receiver_that_is_away_stops_no_command(
    filled: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("cli.lineage_events.SECONDS", 0.2)
    assert build(filled)["status"] == "done"
    assert read_job_runs(filled)[0].status == "done"
