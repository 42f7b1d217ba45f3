"""Ctrl-C, as a terminal sends it to a step and all its children, SIGTERM, and the run after."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from injection import faulty
from job_runs import run
from processes import contained, terminate

from jobs import ingest_history, make_sample
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.interruption import while_spark_starts
from lakehouse.lake import Lake
from lakehouse.profile.stored import MARKER
from lakehouse.tables.silver import DAILY_SALES

ROOT = Path(__file__).parents[2]
SECONDS = 300
INTERRUPTED, TERMINATED = 130, 143
STARTING, WORKING = "starting Spark", "finding the newest version"

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("spark")]


class Step:
    """A step in a process group of its own, which is what a terminal interrupts."""

    def __init__(self, folder: Path, name: str, *arguments: object, fault: str = "") -> None:
        self.out, self.err = folder / "out", folder / "err"
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"jobs.{name}", *map(str, arguments)],
                cwd=ROOT,
                stdout=out,
                stderr=err,
                start_new_session=True,
                env=faulty(fault) if fault else None,
            )

    def wait_for(self, text: str) -> None:
        for _ in waiting():
            if text in self.err.read_text():
                return
            assert self.process.poll() is None, self.err.read_text()

    def interrupt(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        """Interrupt it; returns its exit code, what it printed and what it told."""
        os.killpg(self.process.pid, number)
        return self.ended()

    def terminate(self) -> tuple[int, str, str]:
        """Interrupt this process alone, as an orchestrator does."""
        self.process.terminate()
        return self.ended()

    def ended(self) -> tuple[int, str, str]:
        code = self.process.wait(SECONDS)
        return code, self.out.read_text(), self.err.read_text()


def waiting() -> Iterator[None]:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        yield
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def wait_for_file(flag: Path) -> None:
    for _ in waiting():
        if flag.exists():
            return


def assert_one_line_says_so(
    code: int, printed: str, told: str, expected: int = INTERRUPTED
) -> None:
    assert code == expected, told
    assert json.loads(printed)["status"] == "interrupted"
    assert told.count("Interrupted. Every table is as its last commit left it") == 1
    for page in ("Traceback", "Exception", "ERROR", "\tat org.apache"):
        assert page not in told, told


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("interrupted") / "data"
    run(make_sample.JOB, "--out", folder)
    return folder


def sales(lake: Lake) -> pa.Table:
    """The sales without when they were taken in, which is their version too."""
    names = [name for name in DAILY_SALES.names if name not in ("ingested_at", "updated_at")]
    return read_table(lake, DAILY_SALES, names).sort_by("sale_id")


def test_a_step_that_is_interrupted_says_so_in_a_line_and_the_next_completes_it(
    data: Path, tmp_path: Path
) -> None:
    """While Spark starts, in the midst of its work, and before a commit."""
    lake, whole = Lake.at(str(tmp_path / "lake")), Lake.at(str(tmp_path / "whole"))
    given = ("--data", data, "--profile", "sample")
    for moment in (STARTING, WORKING):
        step = Step(tmp_path, "ingest_history", "--lake", lake.root, *given)
        step.wait_for(moment)
        time.sleep(1)
        assert_one_line_says_so(*without_start(step.interrupt()))
        assert not log.exists(lake, DAILY_SALES) or len(sales(lake)) == 0

    flag = tmp_path / "reached"
    fault = f"pause:before silver/daily_sales:{flag}"
    step = Step(tmp_path, "ingest_history", "--lake", lake.root, *given, fault=fault)
    wait_for_file(flag)
    assert_one_line_says_so(*step.interrupt())
    assert len(sales(lake)) == 0

    assert run(ingest_history.JOB, "--lake", lake.root, *given)[0] == 0
    assert run(ingest_history.JOB, "--lake", whole.root, *given)[0] == 0
    assert sales(lake).equals(sales(whole))


@pytest.mark.parametrize("moment", [STARTING, WORKING])
def test_sigterm_ends_a_step_as_ctrl_c_does_with_a_code_of_its_own(
    data: Path, tmp_path: Path, moment: str
) -> None:
    given = ("--data", data, "--profile", "sample")
    step = Step(tmp_path, "ingest_history", "--lake", tmp_path / "lake", *given)
    step.wait_for(moment)
    time.sleep(1)
    assert_one_line_says_so(*without_start(step.terminate()), TERMINATED)


def test_sigterm_that_ends_java_too_is_told_as_what_it_is(data: Path, tmp_path: Path) -> None:
    """A service manager sends it to all processes of a step."""
    given = ("--data", data, "--profile", "sample")
    step = Step(tmp_path, "ingest_history", "--lake", tmp_path / "lake", *given)
    step.wait_for(STARTING)
    time.sleep(1)
    code, printed, told = step.interrupt(signal.SIGTERM)
    assert (code, json.loads(printed)["status"]) == (TERMINATED, "interrupted"), told


def test_a_container_s_first_process_hears_sigterm(data: Path, tmp_path: Path) -> None:
    flag = tmp_path / "reached"
    command = [sys.executable, "-m", "jobs.ingest_history", "--lake", str(tmp_path / "lake")]
    process = subprocess.Popen(
        contained([*command, "--data", str(data), "--profile", "sample"]),
        cwd=ROOT,
        env=faulty(f"pause:before {MARKER}:{flag}"),
        stdout=subprocess.PIPE,
    )
    wait_for_file(flag)
    code = terminate(process)
    assert (code, json.loads(process.communicate()[0])["status"]) == (TERMINATED, "interrupted")


def without_start(ended: tuple[int, str, str]) -> tuple[int, str, str]:
    """Leave out what is told where Spark has yet to start."""
    code, printed, told = ended
    return code, printed, told.replace("Interrupted while Spark starts; ends then.", "")


def test_the_handler_from_before_spark_started_is_there_afterwards() -> None:
    """A stream's own, which ends it between two micro-batches, say."""
    before = signal.getsignal(signal.SIGINT)

    def own(_number: int, _frame: object) -> None:
        pass

    try:
        signal.signal(signal.SIGINT, own)
        with while_spark_starts():
            # As SparkContext does.
            signal.signal(signal.SIGINT, before)
        assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, before)
