"""Routes of /overrides: numbers of planners sent, listed, and exported as CSV."""

import asyncio
from http import HTTPStatus
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from lakehouse.errors import ConflictError
from serving.access.guard import STATUSES, requires
from serving.access.scopes import Caller, Scope
from serving.dependencies import Clock
from serving.lookup.dependencies import Served
from serving.lookup.routes import refuse_doubles
from serving.lookup.store import Store
from serving.overrides.rows import read_rows, render_csv
from serving.overrides.rules import Sender
from serving.overrides.schemas import (
    CSV,
    PATH,
    REQUEST_BODY,
    ListQuestion,
    OverridePage,
    OverrideVerdicts,
    PageQuestion,
)
from serving.overrides.service import OverrideProblem, Overrides, page_of
from serving.problems import NO_STORE, described, not_ready

reading = APIRouter(tags=["overrides"], dependencies=[Depends(refuse_doubles)])
writing = APIRouter(tags=["overrides"])
PROBLEMS = described(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE)
RETRY_SECONDS = 2


def overrides_of(request: Request) -> Overrides:
    """Return the application's service of overrides."""
    return cast(Overrides, request.app.state.overrides)


Service = Annotated[Overrides, Depends(overrides_of)]
Planner = Annotated[Caller, requires(Scope.OVERRIDE)]


@writing.put(
    PATH,
    responses={
        **described(
            *STATUSES,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.SERVICE_UNAVAILABLE,
        ),
        422: {"model": OverrideProblem, "description": "No row is accepted"},
    },
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def put_overrides(
    request: Request, response: Response, caller: Planner, overrides: Service, served: Served
) -> OverrideVerdicts:
    """Put numbers beside forecasts, or withdraw them.

    The model's numbers stay. Good rows are stored in one commit; rows that say what is stored
    already change nothing, so that a request may be repeated.
    """
    body = await request.body()
    content_type = request.headers.get("content-type", "")
    rows = await asyncio.to_thread(read_rows, body, content_type)
    named = [read.row for read in rows if read.row is not None]
    shop_ids = [served.shops.resolve(row.shop_id) for row in named]
    columns = await served.forecasts.find_many(shop_ids, [row.item_id for row in named])
    sender = Sender(caller.name, cast(Clock, request.app.state.clock)())
    try:
        verdicts = await asyncio.to_thread(overrides.store, rows, served, columns, sender)
    except ConflictError as error:
        raise not_ready(str(error), RETRY_SECONDS) from None
    if verdicts.accepted:
        await asyncio.to_thread(cast(Store, request.app.state.store).refresh)
    response.headers.update(NO_STORE)
    return verdicts


@reading.get(PATH, responses=PROBLEMS)
def list_overrides(
    overrides: Service,
    served: Served,
    question: Annotated[PageQuestion, Query()],
    response: Response,
) -> OverridePage:
    """List the overrides that count, by shop, item and month."""
    response.headers.update(NO_STORE)
    return page_of(overrides.list_current(question, served), question)


@reading.get(f"{PATH}/history", responses=PROBLEMS)
def list_override_history(
    overrides: Service,
    served: Served,
    question: Annotated[PageQuestion, Query()],
    response: Response,
) -> OverridePage:
    """List every override that was ever accepted, the newest first, withdrawals too."""
    response.headers.update(NO_STORE)
    return page_of(overrides.list_history(question, served), question)


@reading.get(
    f"{PATH}.csv",
    response_class=StreamingResponse,
    responses={
        **PROBLEMS,
        200: {
            "description": "a row per override that counts; PUT /overrides takes the file back",
            "content": {CSV: {"schema": {"type": "string"}}},
        },
    },
)
def export_overrides(
    overrides: Service, served: Served, question: Annotated[ListQuestion, Query()]
) -> StreamingResponse:
    """Return the overrides that count as CSV, to be edited and sent back."""
    listed = iter(overrides.list_current(question, served))
    headers = {**NO_STORE, "Content-Disposition": 'attachment; filename="overrides.csv"'}
    return StreamingResponse(render_csv(listed), headers=headers, media_type=CSV)
