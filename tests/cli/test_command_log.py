"""Log lines of commands are text, or JSON objects that the index of logs takes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_lakes import random_sales, small_lake

from lakehouse.job_runs import read_job_runs
from lakehouse.lake import Lake
from watching.elastic.fields import LOGS

pytestmark = pytest.mark.slow
FIELDS = {"@timestamp", "ecs.version", "service.name", "event.dataset"} | {
    field.name for field in LOGS.fields
}


def logged(module: str, *arguments: str, form: str = "ecs") -> tuple[int, str, list[str]]:
    """Run a command; returns its exit code, standard output and the lines of standard error."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, "LOG_FORMAT": form},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr.splitlines()


@pytest.fixture
def filled(tmp_path: Path) -> Lake:
    return small_lake(tmp_path / "lake", random_sales(3, 90))


def test_each_line_of_a_command_is_an_object_that_names_its_run(filled: Lake) -> None:
    code, out, told = logged("jobs.build_features", "--lake", filled.root, "--rebuild")
    lines = [json.loads(line) for line in told]
    assert (code, json.loads(out)["status"]) == (0, "done")
    assert lines
    for line in lines:
        assert line.keys() <= FIELDS
        assert line["event.dataset"] == "shopcast-jobs"
        assert line["shopcast.command"] == "build_features"
    run = read_job_runs(filled)[0].run
    assert {line["shopcast.run"] for line in lines if "features of" in line["message"]} == {run}


def test_a_refusal_is_an_error_without_a_stack_trace(tmp_path: Path) -> None:
    code, _, told = logged("jobs.build_features", "--lake", str(tmp_path))
    line = json.loads(told[-1])
    assert (code, line["log.level"], line["error.type"]) == (3, "error", "LakeError")
    assert "error.stack_trace" not in line


def test_a_stream_s_lines_are_of_its_own_dataset(filled: Lake) -> None:
    arguments = ("refresh", "--lake", filled.root, "--available-now")
    code, _, told = logged("streaming", *arguments)
    ours = [json.loads(line) for line in told if line.startswith("{")]
    assert code == 0, told
    assert {line["event.dataset"] for line in ours} == {"shopcast-streams"}


def test_text_is_for_people(filled: Lake) -> None:
    _, _, told = logged("jobs.build_features", "--lake", filled.root, form="text")
    assert told
    assert not any(line.startswith("{") for line in told)


def test_another_format_is_refused_by_name() -> None:
    code, _, told = logged("jobs.build_features", form="xml")
    assert (code, "LOG_FORMAT=xml: Input should be 'text' or 'ecs'" in told[-1]) == (2, True)
