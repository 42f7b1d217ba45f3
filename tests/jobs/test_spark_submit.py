"""Each step as spark-submit and python -m start it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STEPS = sorted(
    path.stem for path in (ROOT / "jobs").glob("*.py") if "JOB = Job(" in path.read_text()
)

pytestmark = pytest.mark.slow


def test_every_step_of_the_readme_is_there() -> None:
    text = (ROOT / "README.md").read_text()
    assert [step for step in STEPS if f"| `{step}` |" not in text] == []


@pytest.mark.parametrize("step", STEPS)
def test_help_says_the_exit_codes(step: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"jobs.{step}", "--help"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "exit codes" in done.stdout


def test_spark_submit_runs_a_step_and_ends_with_one_json_line(tmp_path: Path) -> None:
    data, lake = tmp_path / "data", tmp_path / "lake"
    subprocess.run([sys.executable, "-m", "jobs.make_sample", "--out", data], cwd=ROOT, check=True)
    submit = Path(sys.executable).parent / "spark-submit"
    done = subprocess.run(
        [
            submit, "--master", "local[2]", "--driver-memory", "1g",
            ROOT / "jobs" / "ingest_history.py",
            "--lake", lake, "--data", data, "--profile", "sample",
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYSPARK_PYTHON": sys.executable},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    result = json.loads(done.stdout.strip().splitlines()[-1])
    assert (result["job"], result["status"]) == ("ingest_history", "done")


def test_a_lake_that_is_not_there_is_refused_with_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "jobs.build_panel", "--lake", tmp_path / "none"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "run ingest_history first" in json.loads(done.stdout)["error"]


def test_a_stream_starts_from_its_file(tmp_path: Path) -> None:
    """The folder of the file has a module named as a library of the stream is: kafka."""
    file = ROOT / "streaming" / "__main__.py"
    done = subprocess.run(
        [sys.executable, file, "ingest", "--help"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, "--available-now" in done.stdout) == (0, True), done.stderr
