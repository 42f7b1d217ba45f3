"""The process that runs the steps of a training, one after another, and notes how far they are.

    python -m serving.training.supervise FOLDER LOCK

The process has a new session, so that the API may end meanwhile. It holds the lock that it
inherits as descriptor LOCK until it ends, in whatever way.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from serving.training.run import Progress, RunState
from serving.training.run_files import RunFiles
from serving.training.steps import Step

LOOK_SECONDS = 0.2
# A command stops by SIGTERM at its next safe point; Spark needs seconds for that.
GRACE_SECONDS = 30
REFUSED = 3
PR_SET_PDEATHSIG = 1
WITHOUT_REASON = "{step} ended with exit code {code}; the log says more."
BY_SIGNAL = "{step} was ended by signal {signal}."
CANCELLED = "Cancelled by request; every table is as its last commit left it."


@dataclass
class Supervisor:
    """Runs the steps of one run.

    Attributes:
        files: the files of the run.
        progress: how far the run is.
    """

    files: RunFiles
    progress: Progress

    def run(self) -> None:
        """Run the steps until one does not succeed, and note the outcome."""
        plan = self.files.read_plan()
        self._note(state=RunState.RUNNING, started_at=datetime.now(UTC))
        for step in plan.steps:
            if self.files.cancel.exists():
                self._end(RunState.CANCELLED, CANCELLED)
                return
            self._note(step=step.name)
            try:
                code = self._run_step(plan.program, step)
            except OSError as error:
                self._end(RunState.FAILED, f"{step.name} cannot be started: {error.strerror}.")
                return
            results = {**self.progress.results, step.name: self.files.read_result()}
            self._note(results=results)
            if code:
                self._end(*self._explain(step, code))
                return
        self._end(RunState.SUCCEEDED, None)

    def _run_step(self, program: tuple[str, ...], step: Step) -> int:
        """Run a command in a new process group; return the exit code."""
        command = (*program, step.name, *step.arguments)
        with self.files.log.open("ab") as log, self.files.output.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                process_group=0,
                # People read the end of the log in GET /train/{id}.
                env={**os.environ, "LOG_FORMAT": "text"},
                preexec_fn=die_with_parent,
            )
        try:
            return self._wait(process)
        finally:
            # Spark's Java process would outlive a command that was killed.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        kill_at = None
        while (code := process.poll()) is None:
            if kill_at is None and self.files.cancel.exists():
                process.terminate()
                kill_at = time.monotonic() + GRACE_SECONDS
            if kill_at is not None and time.monotonic() > kill_at:
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(LOOK_SECONDS)
        return code

    def _explain(self, step: Step, code: int) -> tuple[RunState, str]:
        """Return the final state and the reason of a run whose step did not succeed."""
        if self.files.cancel.exists():
            return RunState.CANCELLED, CANCELLED
        if code < 0:
            name = signal.Signals(-code).name
            return RunState.FAILED, BY_SIGNAL.format(step=step.name, signal=name)
        error = self.progress.results[step.name].get("error")
        reason = str(error) if error else WITHOUT_REASON.format(step=step.name, code=code)
        return RunState.REFUSED if code == REFUSED else RunState.FAILED, reason

    def _end(self, state: RunState, reason: str | None) -> None:
        self._note(state=state, reason=reason, ended_at=datetime.now(UTC))

    def _note(self, **changes: object) -> None:
        self.progress = replace(self.progress, **changes)  # type: ignore[arg-type]
        self.files.write_progress(self.progress)


def die_with_parent() -> None:
    """Have the kernel kill this process when the supervisor is killed (Linux alone)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Supervise from a command line."""
    folder, _lock = sys.argv[1:]
    Supervisor(RunFiles(Path(folder)), Progress()).run()


if __name__ == "__main__":
    main()
