"""Route of the state of the API for people, which the page /status shows."""

import asyncio
from http import HTTPStatus
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Query, Request, Response

from lakehouse.errors import ShopcastError
from serving.dependencies import settings_of
from serving.lookup.dependencies import AllViews
from serving.lookup.routes import refuse_doubles
from serving.lookup.store import Store
from serving.page.dependencies import Reader
from serving.page.lake_state import LakeState
from serving.page.months import month_text
from serving.page.schemas import Nothing
from serving.page.sight import Sight
from serving.page.status import Status, UploadState, version_states
from serving.problems import NO_STORE, described
from serving.uploads.service import Uploads
from serving.uploads.store import UploadStore

LISTED_UPLOADS = 10
EMPTY = LakeState(digest="", items=None, closed=(), open_month=None, versions=())

router = APIRouter(tags=["page"], dependencies=[Depends(refuse_doubles)])


@router.get("/status.json", responses=described(HTTPStatus.UNPROCESSABLE_ENTITY))
async def read_status(
    request: Request,
    response: Response,
    views: AllViews,
    reader: Reader,
    _question: Annotated[Nothing, Query()],
) -> Status:
    """Return what is served, how fresh the data are, the last scores and uploads.

    Answers even where nothing is served or the lake cannot be read: `fault` says why.
    """
    store = cast(Store, request.app.state.store)
    fault = store.state.fault
    served, trace = None, None
    try:
        state = await reader.state()
        scores = await reader.scores(state)
        if views.has_forecasts:
            served = Sight(views.served(), state).served
            trace = await reader.trace(state, served.version)
    except ShopcastError as error:
        fault = store.public_sentence(error)
        state, scores = EMPTY, []
        served = Sight(views.served(), state).served if views.has_forecasts else None
    response.headers.update(NO_STORE)
    return Status(
        served=served,
        fault=fault,
        last_closed=None if state.last_closed is None else month_text(state.last_closed),
        open_month=None if state.open_month is None else month_text(state.open_month),
        versions=version_states(state),
        scores=scores,
        trace=trace,
        override_reasons=list(settings_of(request).reasons),
        uploads=await asyncio.to_thread(
            list_uploads, cast(Uploads, request.app.state.uploads).store
        ),
    )


def list_uploads(store: UploadStore) -> list[UploadState]:
    """Return the last uploads, newest first."""
    uploads = [store.as_seen(upload) for upload in store.newest(LISTED_UPLOADS)]
    return [
        UploadState(
            id=upload.id,
            what=upload.what,
            state=upload.state,
            first_used_at=upload.first_used_at,
            read=upload.counts.read,
            accepted=upload.counts.accepted,
            rejected=upload.counts.rejected,
        )
        for upload in uploads
    ]
