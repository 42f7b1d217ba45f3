"""The seam between the API and what runs a training: this machine or a cluster."""

from collections.abc import Sequence
from typing import Protocol

from serving.training.run import Progress, Run


class RunningError(Exception):
    """Exception of a start while another run is not ended."""

    def __init__(self, run_id: str) -> None:
        super().__init__(run_id)
        self.run_id = run_id


class NoEngineError(Exception):
    """Exception of a start where nothing can train; the message has the remedy."""


class NoRoomError(Exception):
    """Exception of a start for which a quota has no room; the message names the quota."""


class TrainingEngine(Protocol):
    """Runs trainings, one at a time, apart from the API: a restart of the API changes nothing."""

    def start(self, run: Run) -> None:
        """Start a run.

        Raises:
            RunningError: another run is not ended.
            NoEngineError: nothing can train here.
            NoRoomError: a quota does not hold the run.
        """
        ...

    def progress(self, run: Run) -> Progress:
        """Return how far a run is; a run whose processes were killed has failed."""
        ...

    def tail(self, run_id: str, lines: int) -> Sequence[str]:
        """Return the last lines of a run's log."""
        ...

    def cancel(self, run_id: str) -> None:
        """Ask a run to end; the run ends within seconds, or within a minute by force."""
        ...

    def forget(self, run_id: str) -> None:
        """Remove what is kept of an ended run."""
        ...
