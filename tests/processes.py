"""Processes that are told to end: as a container's first, and of a group."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

# The kernel keeps signals from the first process of a container whose default is to end it.
CONTAINED = ("unshare", "--pid", "--fork", "--kill-child")


def contained(command: Sequence[str]) -> list[str]:
    """Return a command that is the first process of a namespace of its own, as a container's is."""
    if not shutil.which("unshare") or subprocess.run([*CONTAINED, "true"], check=False).returncode:
        pytest.skip("this user may make no namespace of processes")
    return [*CONTAINED, *command]


def terminate(process: subprocess.Popen[Any]) -> int:
    """Send SIGTERM to the first process of the namespace; returns the exit code."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not (found := children.read_text().split()):
        time.sleep(0.05)
    os.kill(int(found[0]), signal.SIGTERM)
    return process.wait(60)
