"""The service of training: runs begun, watched, cancelled and counted."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from serving.idempotency import OTHER_USE
from serving.problems import Problem, ProblemError
from serving.training.engine import NoEngineError, NoRoomError, RunningError, TrainingEngine
from serving.training.run import Options, Progress, Run
from serving.training.store import RunStore

PATH = "/train"
RETRY_SECONDS = 60
COUNT_SECONDS = 10
# Ended runs that are kept, with their logs.
KEPT = 100
RUNNING = "tag:shopcast,2026:training-running"
ENDED = "tag:shopcast,2026:training-ended"
NO_ROOM = "tag:shopcast,2026:training-no-room"
NO_ENGINE = "tag:shopcast,2026:training-not-available"

logger = logging.getLogger("shopcast")


@dataclass(frozen=True)
class Trainings:
    """The runs of a lake.

    Attributes:
        store: what was asked for.
        engine: what runs.
        clock: returns the current time, UTC.
        count: called with the final state of each run, once.
    """

    store: RunStore
    engine: TrainingEngine
    clock: Callable[[], datetime]
    count: Callable[[str], None] = lambda _: None

    def begin(self, run_id: str, options: Options, asked_by: str) -> Run:
        """Start a run, or return the run that the id names already.

        Raises:
            ProblemError: another run is not ended (status 409), the id was used with other options
                (status 422), a quota has no room (status 503), or nothing can train here
                (status 501).
        """
        asked = Run(run_id, options, asked_by, self.clock())
        if self.store.add(asked):
            self._start(asked)
            return asked
        run = self.find(run_id)
        if run.options != options:
            raise other_use(run)
        return run

    def _start(self, run: Run) -> None:
        try:
            self.engine.start(run)
        except RunningError as error:
            self.store.forget(run.id)
            raise running(error.run_id) from None
        except NoRoomError as error:
            self.store.forget(run.id)
            retry = {"Retry-After": str(RETRY_SECONDS)}
            raise problem(NO_ROOM, HTTPStatus.SERVICE_UNAVAILABLE, str(error), retry) from None
        except NoEngineError as error:
            self.store.forget(run.id)
            raise problem(NO_ENGINE, HTTPStatus.NOT_IMPLEMENTED, str(error)) from None
        except BaseException:
            self.store.forget(run.id)
            raise
        for old in self.store.beyond(KEPT):
            self.store.forget(old.id)
            self.engine.forget(old.id)

    def find(self, run_id: str) -> Run:
        """Return a run.

        Raises:
            ProblemError: no such run is stored (status 404).
        """
        run = self.store.find(run_id)
        if run is None:
            detail = f"No training has the id {run_id!r}, or it is no longer kept."
            raise problem("about:blank", HTTPStatus.NOT_FOUND, detail)
        return run

    def cancel(self, run_id: str) -> Progress:
        """Ask a run to end, and return how far the run is.

        Raises:
            ProblemError: no such run (status 404), or the run has ended (status 409).
        """
        progress = self.engine.progress(self.find(run_id))
        if progress.is_ended:
            detail = f"The training has ended already; its state is {progress.state}."
            raise problem(ENDED, HTTPStatus.CONFLICT, detail)
        self.engine.cancel(run_id)
        return progress

    def count_ended(self) -> None:
        """Count the runs that ended since the last call; several workers count each run once."""
        for run in self.store.uncounted():
            progress = self.engine.progress(run)
            if progress.is_ended and self.store.mark_counted(run.id):
                self.count(progress.state.value)

    async def keep_counting(self) -> None:
        """Count ended runs, and notice killed ones, until cancelled."""
        while True:
            try:
                await asyncio.to_thread(self.count_ended)
            except Exception:
                logger.exception("the outcomes of trainings cannot be counted")
            await asyncio.sleep(COUNT_SECONDS)


def location(run_id: str) -> str:
    """Return the path of a run."""
    return f"{PATH}/{run_id}"


def running(run_id: str) -> ProblemError:
    """Build the error of a start while another run is not ended, status 409."""
    detail = "Another training runs; wait for its end, or cancel it."
    link = f'<{location(run_id)}>; rel="status"'
    headers = {"Link": link, "Retry-After": str(RETRY_SECONDS)}
    return problem(RUNNING, HTTPStatus.CONFLICT, detail, headers)


def other_use(run: Run) -> ProblemError:
    """Build the error of a key that was used with other options, status 422."""
    detail = "The Idempotency-Key was used before, with other options; use a new key."
    headers = {"Link": f'<{location(run.id)}>; rel="status"'}
    return problem(OTHER_USE, HTTPStatus.UNPROCESSABLE_ENTITY, detail, headers)


TITLES = {
    RUNNING: "A training runs",
    ENDED: "The training has ended",
    OTHER_USE: "The key was used before",
    NO_ROOM: "No room for a training",
    NO_ENGINE: "No training here",
    "about:blank": "No such training",
}


def problem(
    kind: str, status: HTTPStatus, detail: str, headers: dict[str, str] | None = None
) -> ProblemError:
    """Build the error of a request about training."""
    document = Problem(type=kind, title=TITLES[kind], status=status, detail=detail)
    return ProblemError(document, headers)
