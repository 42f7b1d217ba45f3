"""The local engine: a supervisor process on this machine, one run at a time."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from lakehouse.storage import is_local, local_path
from serving.file_lock import BusyError, hold_lock, is_locked
from serving.training.engine import NoEngineError, RunningError
from serving.training.run import Progress, Run, RunState
from serving.training.run_files import Plan, RunFiles
from serving.training.steps import list_steps

# Longer than a supervisor needs from its start to the first note of its progress.
START_TIME = timedelta(seconds=30)
LOST = "The processes of the run were killed, or the machine stopped; start another run."
NO_ENGINE = (
    "This server cannot train: its Python has no Spark. Set TRAIN_PYTHON to the Python of an "
    "environment with shopcast[spark], or run jobs.train and jobs.promote on another machine."
)


@dataclass(frozen=True)
class LocalEngine:
    """Runs trainings in processes of this machine.

    Attributes:
        folder: the engine's part of the state folder.
        lake_root: URI of the lake.
        program: words of a command line before the name of a step; None: nothing can train here.
        clock: returns the current time, UTC.
    """

    folder: Path
    lake_root: str
    program: tuple[str, ...] | None
    clock: Callable[[], datetime]

    def start(self, run: Run) -> None:
        """Start a supervisor, which inherits the lock and holds it until it ends.

        Raises:
            RunningError: another run is not ended.
            NoEngineError: no Python with Spark is known.
        """
        if self.program is None:
            raise NoEngineError(NO_ENGINE)
        files = self._files(run.id)
        try:
            with hold_lock(self.folder) as lock:
                self._holder_file.write_text(run.id)
                files.write_plan(Plan(self.program, list_steps(self.lake_root, run.options)))
                self._supervise(files, lock)
        except BusyError:
            raise RunningError(self._read_holder()) from None

    def _supervise(self, files: RunFiles, lock: int) -> None:
        command = (sys.executable, "-m", "serving.training.supervise", files.folder, str(lock))
        with files.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                pass_fds=(lock,),
            )
        # An ended child stays in the process table until its parent has asked for its exit code.
        threading.Thread(target=process.wait, daemon=True).start()

    def progress(self, run: Run) -> Progress:
        """Return how far a run is; note the run as failed if its supervisor was killed."""
        progress = self._read_progress(run)
        return replace(progress, reason=progress.reason and self._hide(progress.reason))

    def _read_progress(self, run: Run) -> Progress:
        files = self._files(run.id)
        progress = files.read_progress()
        if progress is None and self.clock() < run.asked_at + START_TIME:
            return Progress()
        if (progress is not None and progress.is_ended) or self._is_held_by(run.id):
            return progress or Progress()
        # The supervisor may have ended after its progress was read, and before the lock was.
        progress = files.read_progress() or Progress()
        if progress.is_ended:
            return progress
        lost = replace(progress, state=RunState.FAILED, reason=LOST, ended_at=self.clock())
        files.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write_progress(lost)
        return lost

    def tail(self, run_id: str, lines: int) -> Sequence[str]:
        """Return the last lines of a run's log."""
        return [self._hide(line) for line in self._files(run_id).tail(lines)]

    def cancel(self, run_id: str) -> None:
        """Ask a run to end; the supervisor looks several times a second."""
        self._files(run_id).cancel.touch()

    def forget(self, run_id: str) -> None:
        """Remove the files of an ended run."""
        shutil.rmtree(self.folder / run_id, ignore_errors=True)

    def _files(self, run_id: str) -> RunFiles:
        return RunFiles(self.folder / run_id)

    @property
    def _holder_file(self) -> Path:
        """The file that names the run which holds the lock, or held it last."""
        return self.folder / "holder"

    def _read_holder(self) -> str:
        return self._holder_file.read_text() if self._holder_file.exists() else ""

    def _is_held_by(self, run_id: str) -> bool:
        """Return whether the supervisor of a run holds the lock."""
        return is_locked(self.folder) and self._read_holder() == run_id

    def _hide(self, text: str) -> str:
        """Replace the address of the lake, which no answer shows."""
        root = self.lake_root
        path = str(local_path(root)) if is_local(root) else root
        return text.replace(root, "LAKE").replace(path, "LAKE")
