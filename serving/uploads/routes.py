"""Routes of /update_data: rows sent, their verdicts read, and a cut upload resumed."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from serving.access.guard import STATUSES, requires
from serving.access.scopes import Scope
from serving.idempotency import read_key
from serving.problems import NO_STORE, described, phrase_of
from serving.uploads.forms import What
from serving.uploads.media import Media
from serving.uploads.protocol import (
    COMPLETE,
    INCOMPLETE,
    PARTIAL,
    problem,
    read_form,
    read_part,
    require_size,
    unsupported,
)
from serving.uploads.schemas import (
    CODING,
    KEY,
    LOCATION,
    OFFSET,
    PATH,
    REQUEST_BODY,
    RESUMING,
    UploadAnswer,
    UploadList,
    UploadProblem,
)
from serving.uploads.schemas import COMPLETE as COMPLETE_HEADER
from serving.uploads.service import Uploads, links
from serving.uploads.upload import Upload, UploadStatus

router = APIRouter(tags=["uploads"], dependencies=[requires(Scope.WRITE)])
MOST_LISTED = 100
ASKED = described(*STATUSES, HTTPStatus.UNPROCESSABLE_ENTITY)
FOUND = described(*STATUSES, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
OF_UPLOAD = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
WRITTEN: dict[int | str, dict[str, Any]] = {
    **described(
        HTTPStatus.BAD_REQUEST,
        *STATUSES,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ),
    **{int(s): {"model": UploadProblem, "description": phrase_of(s)} for s in OF_UPLOAD},
}
ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {
        "model": UploadAnswer,
        "description": "All accepted rows are passed on",
        "headers": LOCATION,
    }
}


def uploads_of(request: Request) -> Uploads:
    """Return the application's service of uploads."""
    return cast(Uploads, request.app.state.uploads)


Service = Annotated[Uploads, Depends(uploads_of)]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="id of the upload")]


@router.post(
    PATH,
    status_code=HTTPStatus.ACCEPTED,
    response_class=JSONResponse,
    responses={
        **ACCEPTED,
        201: {
            "description": "A part is stored; more follow (Upload-Complete: ?0)",
            "headers": {**LOCATION, **RESUMING},
        },
        **WRITTEN,
    },
    openapi_extra={
        "requestBody": REQUEST_BODY,
        "parameters": [KEY, CODING, OFFSET, COMPLETE_HEADER],
    },
)
async def update_data(
    request: Request,
    uploads: Service,
    what: Annotated[What, Query(description="what the rows are")] = What.SALES,
) -> Response:
    """Take in sales, shops or items.

    Every row is checked. Accepted rows are in Kafka, confirmed by all replicas, before the answer;
    without Kafka they are in a file of the landing folder. Rejected rows are listed with reasons,
    and an upload without any accepted row is refused. A repeated request with the same
    Idempotency-Key and body gives the same answer, and brings each row into the lake once.
    """
    key, form = read_key(request.headers), read_form(request.headers)
    part = read_part(request.headers)
    require_size(request.headers, part, uploads.limits)
    upload = await asyncio.to_thread(uploads.begin, key, what, form)
    return answer_part(await uploads.take(upload.id, part, request.stream()), uploads, 201)


@router.patch(
    f"{PATH}/{{upload_id}}",
    status_code=HTTPStatus.ACCEPTED,
    response_class=JSONResponse,
    responses={
        **ACCEPTED,
        204: {"description": "The part is stored; more follow", "headers": RESUMING},
        **WRITTEN,
        **described(HTTPStatus.NOT_FOUND),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {PARTIAL: {"schema": {"type": "string", "format": "binary"}}},
        },
        "parameters": [{**OFFSET, "required": True}, COMPLETE_HEADER],
    },
)
async def resume_upload(request: Request, uploads: Service, upload_id: Id) -> Response:
    """Go on with a cut upload from Upload-Offset; answers as POST does once the body is whole."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != PARTIAL:
        raise unsupported(f"Content-Type {media!r} is not {PARTIAL}.", {"Accept-Patch": PARTIAL})
    part = read_part(request.headers)
    if part.offset is None:
        detail = "The request has no Upload-Offset; ask for the offset by HEAD."
        raise problem(HTTPStatus.BAD_REQUEST, "No Upload-Offset", detail)
    require_size(request.headers, part, uploads.limits)
    await asyncio.to_thread(uploads.find, upload_id)
    return answer_part(await uploads.take(upload_id, part, request.stream()), uploads, 204)


def answer_part(upload: Upload, uploads: Uploads, status: int) -> Response:
    """Answer with a done upload, or with how much of the body the server has (``status``)."""
    if upload.state == UploadStatus.RECEIVING:
        return Response(None, status, {**links(upload), **resuming(upload, uploads)})
    document = UploadAnswer.of(upload).model_dump(mode="json")
    return JSONResponse(document, HTTPStatus.ACCEPTED, {**links(upload), **NO_STORE})


def resuming(upload: Upload, uploads: Uploads) -> dict[str, str]:
    """Return the headers that say how much of a body the server has."""
    received = uploads.store.files(upload.id).received if upload.size is None else upload.size
    return {
        "Upload-Offset": str(received),
        "Upload-Complete": INCOMPLETE if upload.size is None else COMPLETE,
        "Upload-Limit": f"max-size={uploads.limits.body_bytes}",
        **NO_STORE,
    }


@router.head(
    f"{PATH}/{{upload_id}}",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses={
        204: {"description": "How much of the body the server has", "headers": RESUMING},
        **{status: {"description": phrase_of(status)} for status in (401, 403, 404, 422)},
    },
)
def read_offset(uploads: Service, upload_id: Id) -> Response:
    """Return how many bytes of a body the server has."""
    upload = uploads.find(upload_id)
    return Response(None, HTTPStatus.NO_CONTENT, resuming(upload, uploads))


@router.get(PATH, responses=ASKED)
def list_uploads(
    uploads: Service,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED, description="most uploads")] = 20,
) -> UploadList:
    """List the uploads of the last seven days, newest first."""
    stored = [uploads.store.as_seen(upload) for upload in uploads.store.newest(limit)]
    return UploadList(uploads=[UploadAnswer.of(upload) for upload in stored])


@router.get(f"{PATH}/{{upload_id}}", responses=FOUND)
def read_upload(uploads: Service, upload_id: Id) -> UploadAnswer:
    """Return an upload: its progress while it is worked on, then its outcome."""
    return UploadAnswer.of(uploads.store.as_seen(uploads.find(upload_id)))


@router.get(
    f"{PATH}/{{upload_id}}/errors",
    response_class=FileResponse,
    responses={
        200: {
            "description": "Rejected rows, each with its line (`_line`) and reasons (`_errors`)",
            "content": {Media.NDJSON.value: {"schema": {"type": "string", "format": "binary"}}},
        },
        **FOUND,
    },
)
def read_errors(uploads: Service, upload_id: Id) -> Response:
    """Return all rejected rows as NDJSON that can be mended and sent alone."""
    upload = uploads.find(upload_id)
    errors = uploads.store.files(upload.id).errors
    if not errors.exists():
        return Response(b"", media_type=Media.NDJSON)
    return FileResponse(errors, media_type=Media.NDJSON)
