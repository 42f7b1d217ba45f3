"""A reader of the log that stands still holds up no request."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from published import PublishedLake, forecast
from server import ADDRESS

from serving.watching.logs import MOST_WAITING_BYTES, LineSink

PATH = "/predict?shop_id=57&item_id=5037"


def test_lines_wait_up_to_a_bound_and_the_rest_is_counted() -> None:
    written: list[bytes] = []
    stands_still = True

    def write(lines: bytes) -> None:
        while stands_still:
            time.sleep(0.01)
        written.append(lines)

    sink = LineSink(write)
    line = b"x" * 1023 + b"\n"
    for _ in range(2 * MOST_WAITING_BYTES // len(line)):
        sink.put(line)
    assert sink.take_dropped() == MOST_WAITING_BYTES // len(line)
    assert sink.take_dropped() == 0
    stands_still = False
    sink.finish()
    assert len(written) == MOST_WAITING_BYTES // len(line)


def test_lines_for_a_reader_that_has_gone_are_counted() -> None:
    written: list[bytes] = []
    has_gone = True

    def write(lines: bytes) -> None:
        if has_gone:
            raise BrokenPipeError
        written.append(lines)

    sink = LineSink(write)
    sink.put(b"1\n2\n")
    sink.finish()
    has_gone = False
    sink.put(b"3\n")
    sink.finish()
    assert (sink.take_dropped(), written) == (2, [b"3\n"])


@pytest.mark.slow
def test_requests_are_answered_while_nobody_reads_the_log(
    published: PublishedLake, tmp_path: Path
) -> None:
    published.publish("v1", forecast())
    command = [sys.executable, "-m", "serving", "--port", "0", "--lake", str(published.folder)]
    environment = {**os.environ, "STATE_FOLDER": str(tmp_path / "state")}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment)
    assert process.stderr is not None
    try:
        address = ""
        while not address:
            found = ADDRESS.search(process.stderr.readline().decode())
            address = found.group(1) if found else ""
        # From here on nobody reads: the pipe takes 64 KiB, which is some hundred lines.
        with httpx.Client(base_url=address, timeout=10) as client:
            deadline = time.monotonic() + 60
            while client.get("/readyz").status_code != 200:
                assert time.monotonic() < deadline, "the forecasts were not loaded"
                time.sleep(0.2)
            for _ in range(4000):
                assert client.get(PATH).status_code == 200
            deadline = time.monotonic() + 20
            while "shopcast_log_lines_dropped_total 0.0" in client.get("/metrics").text:
                assert time.monotonic() < deadline, "nothing was dropped"
                time.sleep(0.2)
    finally:
        process.kill()
        process.stderr.close()
        process.wait()
