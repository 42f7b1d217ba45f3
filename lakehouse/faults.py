"""Faults: where a test cuts a process off or holds it up, named in the environment.

``SHOPCAST_FAULT=kill:before silver/daily_sales`` ends the process, as a power cut would, when it
reaches that point for the first time; ``kill:…#3`` at the third. ``pause:POINT:FILE`` waits there
while the file exists, after it has made the file. Points are ``before`` and ``after`` each commit.
"""

import os
import signal
import time
from collections import Counter
from pathlib import Path

VARIABLE = "SHOPCAST_FAULT"
reached: Counter[str] = Counter()


def reach(point: str) -> None:
    """Say that a point is reached; nothing happens unless a fault is set there."""
    fault = os.environ.get(VARIABLE)
    if not fault:
        return
    kind, _, rest = fault.partition(":")
    reached[point] += 1
    if kind == "kill":
        name, _, number = rest.partition("#")
        if (name, int(number or 1)) == (point, reached[point]):
            os.kill(os.getpid(), signal.SIGKILL)
    elif kind == "pause" and rest.partition(":")[0] == point and reached[point] == 1:
        wait_while_exists(Path(rest.partition(":")[2]))


def wait_while_exists(flag: Path) -> None:
    """Make a file and wait until someone removes it."""
    flag.touch()
    while flag.exists():
        time.sleep(0.05)
