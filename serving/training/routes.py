"""Routes of /train: runs started, watched and cancelled."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from serving.access.guard import STATUSES, requires
from serving.access.scopes import CALLER, Caller, Scope
from serving.idempotency import id_of_key, read_key
from serving.problems import NO_STORE, described
from serving.training.schemas import BUSY, KEY, LOCATION, Training, TrainingList, TrainingOptions
from serving.training.service import PATH, Trainings, location

router = APIRouter(tags=["training"], dependencies=[requires(Scope.TRAIN)])
MOST_LISTED, MOST_LINES = 100, 1000
ASKED = described(*STATUSES, HTTPStatus.UNPROCESSABLE_ENTITY)
FOUND = {**ASKED, **described(HTTPStatus.NOT_FOUND)}
CONFLICT = described(HTTPStatus.CONFLICT)
STARTED = {
    202: {"model": Training, "description": "The run is started", "headers": LOCATION},
    **ASKED,
    **described(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.SERVICE_UNAVAILABLE),
    409: {**CONFLICT[409], "headers": BUSY},
}


def trainings_of(request: Request) -> Trainings:
    """Return the application's service of training."""
    return cast(Trainings, request.app.state.trainings)


Service = Annotated[Trainings, Depends(trainings_of)]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="id of the run")]
DEFAULT = TrainingOptions()


# Not async: the functions read and write files, so that FastAPI runs them in threads.
@router.post(
    PATH,
    status_code=HTTPStatus.ACCEPTED,
    responses=STARTED,
    openapi_extra={"parameters": [KEY]},
)
def start_training(
    request: Request,
    response: Response,
    trainings: Service,
    options: TrainingOptions = DEFAULT,
) -> Training:
    """Build features and panel up to date, train a candidate, and let the gate decide.

    One run at a time. A repeated request with the same Idempotency-Key names the same run.
    """
    run_id = id_of_key(read_key(request.headers))
    caller = cast(Caller, request.scope[CALLER])
    run = trainings.begin(run_id, options.to_options(), caller.name)
    response.headers.update({"Location": location(run.id), **NO_STORE})
    return Training.of(run, trainings.engine.progress(run))


@router.get(PATH, responses=ASKED)
def list_trainings(
    trainings: Service,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED, description="most runs")] = 20,
) -> TrainingList:
    """List the runs, newest first."""
    response.headers.update(NO_STORE)
    runs = trainings.store.newest(limit)
    answers = [Training.of(run, trainings.engine.progress(run)) for run in runs]
    return TrainingList(trainings=answers)


@router.get(f"{PATH}/{{run_id}}", responses=FOUND)
def read_training(
    trainings: Service,
    response: Response,
    run_id: Id,
    lines: Annotated[int, Query(ge=0, le=MOST_LINES, description="last lines of the log")] = 50,
) -> Training:
    """Return a run: its state and step, the gate's decision, and the end of its log."""
    response.headers.update(NO_STORE)
    run = trainings.find(run_id)
    return Training.of(run, trainings.engine.progress(run), tail(trainings, run_id, lines))


@router.post(
    f"{PATH}/{{run_id}}/cancel",
    status_code=HTTPStatus.ACCEPTED,
    responses={**FOUND, **CONFLICT},
)
def cancel_training(trainings: Service, response: Response, run_id: Id) -> Training:
    """Ask a run to end; its state is cancelled within a minute, usually within seconds."""
    response.headers.update(NO_STORE)
    progress = trainings.cancel(run_id)
    return Training.of(trainings.find(run_id), progress)


def tail(trainings: Trainings, run_id: str, lines: int) -> Sequence[str]:
    """Return the last lines of a run's log."""
    return trainings.engine.tail(run_id, lines) if lines else []
