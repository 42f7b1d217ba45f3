"""Process measurement: wall time and peak memory of a command's whole process tree."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

INTERVAL = 0.25


@dataclass(frozen=True)
class Measurement:
    """Time, memory and output of a command.

    Attributes:
        seconds: wall time, from start to exit.
        peak_mib: greatest sum of the proportional set sizes of the tree, JVM and workers included.
        results: the JSON lines that the command printed.
    """

    seconds: float
    peak_mib: int
    results: list[dict[str, Any]]


def measured(command: Sequence[str]) -> Measurement:
    """Run a command and measure it.

    Raises:
        CalledProcessError: the command failed; standard error shows the output.
    """
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = [0]
    watcher = threading.Thread(target=watch, args=(process, peak), daemon=True)
    watcher.start()
    output, _ = process.communicate()
    seconds = time.monotonic() - started
    if process.returncode:
        sys.stderr.write(output)
        raise subprocess.CalledProcessError(process.returncode, command)
    results = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return Measurement(round(seconds, 1), peak[0] // 1024, results)


def watch(process: "subprocess.Popen[str]", peak: list[int]) -> None:
    """Keep the peak memory of a process tree, KiB, in ``peak[0]`` until the process ends."""
    while process.poll() is None:
        peak[0] = max(peak[0], tree_kib(process.pid))
        time.sleep(INTERVAL)


def tree_kib(pid: int) -> int:
    """Sum the proportional set sizes of a process and its descendants, KiB."""
    try:
        root = psutil.Process(pid)
        return sum(pss_kib(process.pid) for process in [root, *root.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0


def pss_kib(pid: int) -> int:
    """Return a process's proportional set size, KiB; 0: the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
