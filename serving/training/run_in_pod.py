"""The process that runs the steps of a training in a pod, and notes how far they are in its log.

    python -m serving.training.run_in_pod STEPS

STEPS is JSON: a list of {"name": …, "arguments": […]}. SIGTERM ends the present step at its next
safe point. Exit codes: 0 succeeded, 1 failed, 3 refused, 143 cancelled.
"""

import json
import os
import signal
import sys
import tempfile
from pathlib import Path

from serving.training.notes import as_note
from serving.training.run import Progress, RunState
from serving.training.run_files import Plan, RunFiles
from serving.training.steps import Step
from serving.training.supervise import Supervisor

CODES = {RunState.SUCCEEDED: 0, RunState.REFUSED: 3, RunState.CANCELLED: 143}


class PodSupervisor(Supervisor):
    """Runs the steps of one run, and writes each note to standard error, too."""

    def _note(self, **changes: object) -> None:
        super()._note(**changes)
        sys.stderr.write(f"{as_note(self.progress)}\n")
        sys.stderr.flush()


def main() -> int:
    """Run the steps that the command line names; return the exit code."""
    steps = [Step(each["name"], tuple(each["arguments"])) for each in json.loads(sys.argv[1])]
    with tempfile.TemporaryDirectory() as folder:
        files = RunFiles(Path(folder))
        files.write_plan(Plan((sys.executable, "-m"), tuple(steps)))
        # What the steps log is the log of the pod.
        files.log.symlink_to(f"/proc/{os.getpid()}/fd/2")
        signal.signal(signal.SIGTERM, lambda *_: files.cancel.touch())
        supervisor = PodSupervisor(files, Progress())
        supervisor.run()
        return CODES.get(supervisor.progress.state, 1)


if __name__ == "__main__":
    sys.exit(main())
