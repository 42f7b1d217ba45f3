#!/usr/bin/env python3
"""Python of the steps whose ends a test decides: killed, slow, silent, failed, refused or real.

It is called as ``python -m jobs.<command> …``. STAND_IN names a folder: ``calls`` gets a line per
call, and ``ends.json`` has for a command the ends of its calls, of which the last one repeats.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

FOLDER = Path(os.environ["STAND_IN"])
RESULTS = {"check_month": {"is_cutoff": False}}


def main() -> None:
    command, arguments = sys.argv[2].removeprefix("jobs."), sys.argv[3:]
    with (FOLDER / "calls").open("a") as calls:
        calls.write(json.dumps([command, *arguments]) + "\n")
    ends = json.loads((FOLDER / "ends.json").read_text())
    left = ends.get(command, ends.get("*", ["real"]))
    if len(left) > 1:
        ends[command] = left[1:]
        (FOLDER / "ends.json").write_text(json.dumps(ends))
    end(left[0], command)


def end(how: str, command: str) -> None:
    if how == "real":
        python = os.environ["REAL_PYTHON"]
        os.execv(python, [python, *sys.argv[1:]])
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "slow":
        (FOLDER / "slow").write_text(str(os.getpid()))
        time.sleep(300)
    if how == "silent":
        return
    code = {"done": 0, "failed": 1, "refused": 3}[how]
    fields = {"job": command, "status": how, **RESULTS.get(command, {})}
    line = json.dumps({**fields, "error": f"{command} was told to"} if code else fields)
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    sys.exit(code)


main()
