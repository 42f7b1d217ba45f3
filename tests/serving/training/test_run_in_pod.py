"""The process of a run in a pod notes in its log how far the run is."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from serving.training.kubernetes.job_state import complete
from serving.training.kubernetes.room import quantity, shortages
from serving.training.notes import as_note, newest_note, without_notes
from serving.training.run import Progress, RunState

ROOT = Path(__file__).parents[3]
STEP = """
import json, os, sys, time
name, code, seconds = sys.argv[1:]
print(os.environ["LOG_FORMAT"], "of", name, file=sys.stderr, flush=True)
time.sleep(float(seconds))
print(json.dumps({"job": name, "error": f"{name} says why"}))
sys.exit(int(code))
"""


def start(folder: Path, *steps: tuple[str, int, float]) -> subprocess.Popen[str]:
    (folder / "pod_step.py").write_text(STEP)
    listed = [
        {"name": "pod_step", "arguments": [name, str(code), str(seconds)]}
        for name, code, seconds in steps
    ]
    command = [sys.executable, "-m", "serving.training.run_in_pod", json.dumps(listed)]
    environment = {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}", "LOG_FORMAT": "ecs"}
    return subprocess.Popen(command, env=environment, text=True, stderr=subprocess.PIPE)


@pytest.mark.parametrize(
    ("code", "state", "ends_with"),
    [(0, RunState.SUCCEEDED, 0), (3, RunState.REFUSED, 3), (1, RunState.FAILED, 1)],
)
def test_the_log_has_the_steps_words_and_how_the_run_ended(
    tmp_path: Path, code: int, state: RunState, ends_with: int
) -> None:
    process = start(tmp_path, ("first", 0, 0), ("second", code, 0))
    _, log = process.communicate(timeout=60)
    assert process.returncode == ends_with
    noted = newest_note(log)
    assert (noted.state, noted.step) == (state, "pod_step")
    assert noted.reason == (None if code == 0 else "second says why")
    assert without_notes(log) == ["text of first", "text of second"], "people read it"


def test_sigterm_ends_the_step_and_the_run(tmp_path: Path) -> None:
    process = start(tmp_path, ("first", 0, 60), ("second", 0, 0))
    assert process.stderr is not None
    while "text of first" not in process.stderr.readline():
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=60)
    assert process.returncode == 143
    assert newest_note(log).state == RunState.CANCELLED


def test_a_broken_note_is_passed_over() -> None:
    note = as_note(Progress(state=RunState.RUNNING, step="jobs.train"))
    assert newest_note(f"{note}\nwords\n{note[:30]}").step == "jobs.train"
    assert newest_note("words").state == RunState.QUEUED


def job(kind: str, reason: str) -> dict[str, object]:
    condition = {"type": kind, "status": "True", "reason": reason}
    at = {"lastTransitionTime": "2026-01-01T00:00:00Z"}
    return {"metadata": {}, "spec": {}, "status": {"conditions": [{**condition, **at}]}}


@pytest.mark.parametrize(
    ("reason", "terminated", "said"),
    [
        ("DeadlineExceeded", None, "longer than its deadline"),
        ("BackoffLimitExceeded", {"reason": "OOMKilled", "exitCode": 137}, "larger preset"),
        ("BackoffLimitExceeded", {"reason": "Error", "exitCode": 1}, "exit code 1"),
        ("BackoffLimitExceeded", None, "deleted or evicted"),
    ],
)
def test_a_failed_job_says_why(reason: str, terminated: dict[str, object], said: str) -> None:
    statuses = [{"state": {"terminated": terminated}}] if terminated else []
    pod = {"status": {"containerStatuses": statuses}}
    ended = complete(Progress(state=RunState.RUNNING), job("Failed", reason), pod)
    assert ended.state == RunState.FAILED
    assert said in str(ended.reason)


def test_quantities_are_compared_as_numbers() -> None:
    assert quantity("500m") * 2 == quantity("1")
    assert quantity("1Gi") == 1024 * quantity("1Mi")
    with pytest.raises(ValueError, match="no quantity"):
        quantity("much")
    resources = {"requests": {"cpu": "2", "memory": "6Gi"}, "limits": {"memory": "6Gi"}}
    asked = {"spec": {"template": {"spec": {"containers": [{"resources": resources}]}}}}

    def against(hard: dict[str, str], used: dict[str, str]) -> list[str]:
        status = {"hard": hard, "used": used}
        quotas = {"items": [{"metadata": {"name": "q"}, "status": status}]}
        return list(shortages(asked, quotas))

    assert against({"cpu": "4"}, {"cpu": "2"}) == []
    assert against({"cpu": "4"}, {"cpu": "2500m"}) == [
        "the quota q allows cpu 4, of which 2500m are used, and a training takes 2"
    ]
    assert len(against({"limits.memory": "6000Mi"}, {"limits.memory": "0"})) == 1
