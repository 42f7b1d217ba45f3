"""A batch build and maintenance beside the stream: all end well, and the tables are the same."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from histories import History
from injection import faulty, hold_at, hooked
from job_runs import run
from rebuilt import assert_same, no_spark, rebuild
from test_convergence import deliver, lake_of

from jobs import build_features, maintain
from lakehouse.lake import Lake
from streaming.queries.metrics import RefreshMetrics
from streaming.queries.refresh import Refresh

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
POINTS = (
    "before silver/monthly_shop_item",
    "before silver/monthly_category",
    "before gold/features_shop_item",
    "before gold/features_shop",
)


def wait_for(flag: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a process is held up."""
    until = time.monotonic() + 60
    while not flag.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, "the point was not reached"
        time.sleep(0.05)


@pytest.mark.parametrize("point", POINTS)
def test_a_build_that_read_before_the_stream_wrote(tmp_path: Path, point: str) -> None:
    lake = lake_of(tmp_path / "lake")
    refresh = Refresh(lake, no_spark, RefreshMetrics())
    first, second, third = History(11).batches(3)
    deliver(lake, first, 0)
    refresh(is_last=True)
    flag = tmp_path / "flag"
    build = subprocess.Popen(
        [sys.executable, "-m", "jobs.build_features", "--lake", lake.root, "--rebuild"],
        cwd=ROOT, env=faulty(f"pause:{point}:{flag}"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for(flag, build)
    deliver(lake, second, len(first))
    refresh()
    code, figures = run(maintain.JOB, "--lake", lake.root, "--files", 1)
    assert code == 0, figures
    deliver(lake, third, len(first) + len(second))
    flag.unlink()
    _, told = build.communicate(timeout=120)
    assert build.returncode == 0, told
    while refresh(is_last=True):
        pass
    assert_same(lake, rebuild(lake, tmp_path / "rebuilt"))


@pytest.mark.parametrize("point", POINTS)
def test_a_refresh_that_read_before_the_build_wrote(tmp_path: Path, point: str) -> None:
    lake = lake_of(tmp_path / "lake")
    refresh = Refresh(lake, no_spark, RefreshMetrics())
    first, second = History(12).batches(2)
    deliver(lake, first, 0)
    refresh(is_last=True)
    deliver(lake, second, len(first))
    flag = tmp_path / "flag"
    with hooked(hold_at(point, flag)):
        held = threading.Thread(target=refresh, kwargs={"is_last": True})
        held.start()
        until = time.monotonic() + 60
        while not flag.exists():
            assert time.monotonic() < until
            time.sleep(0.05)
        built = subprocess.run(
            [sys.executable, "-m", "jobs.build_features", "--lake", lake.root, "--rebuild"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert built.returncode == 0, built.stderr[-2000:]
        flag.unlink()
        held.join()
    while refresh(is_last=True):
        pass
    assert_same(lake, rebuild(lake, tmp_path / "rebuilt"))


def test_maintenance_changes_no_row(tmp_path: Path) -> None:
    lake = lake_of(tmp_path / "lake")
    refresh = Refresh(lake, no_spark, RefreshMetrics())
    number = 0
    for batch in History(13).batches(6):
        deliver(lake, batch, number)
        number += len(batch)
        refresh(is_last=True)
    run(maintain.JOB, "--lake", lake.root, "--files", 1)
    refresh(is_last=True)
    assert run(build_features.JOB, "--lake", lake.root)[1]["rows"] == {}
    assert_same(Lake.at(lake.root), rebuild(lake, tmp_path / "rebuilt"))
