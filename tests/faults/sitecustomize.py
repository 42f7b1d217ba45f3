"""Faults of a process that a test starts: Python imports this where the folder is on its path.

``SHOPCAST_FAULT=kill:before silver/daily_sales`` ends the process, as a power cut would, when it
reaches that point for the first time; ``kill:…#3`` at the third. ``pause:POINT:FILE`` waits there
while the file exists, after it has made the file.
"""

import os
import signal
import sys
from pathlib import Path

if fault := os.environ.get("SHOPCAST_FAULT"):
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from injection import hold_at, kill_at

    from lakehouse import faults

    kind, _, rest = fault.partition(":")
    if kind == "kill":
        name, _, number = rest.partition("#")
        faults.hooks.append(
            kill_at(name, int(number or 1), lambda: os.kill(os.getpid(), signal.SIGKILL))
        )
    else:
        point, _, flag = rest.partition(":")
        faults.hooks.append(hold_at(point, Path(flag)))
