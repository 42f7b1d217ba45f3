"""A query ends by SIGTERM between two micro-batches, also as a container's first process."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import contained, terminate
from small_lakes import random_sales, small_lake

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def test_a_container_s_first_process_stops_and_says_so(tmp_path: Path) -> None:
    lake = small_lake(tmp_path / "lake", random_sales(3, 90))
    told = tmp_path / "told"
    command = [sys.executable, "-m", "streaming", "refresh", "--lake", lake.root]
    with told.open("w") as err:
        process = subprocess.Popen(
            contained(command), cwd=ROOT, stdout=subprocess.PIPE, stderr=err, text=True
        )
    while "refresh: watching" not in told.read_text():
        assert process.poll() is None, told.read_text()
        time.sleep(0.05)
    code = terminate(process)
    printed, _ = process.communicate()
    result = json.loads(printed)
    assert (code, result["status"], result["stopped"]) == (0, "done", True)
    assert "Traceback" not in told.read_text()
