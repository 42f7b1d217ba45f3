"""Problem documents (RFC 9457): every error of the API as JSON."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from serving.exchange import request_id_of

MEDIA_TYPE = "application/problem+json"
JSON = "application/json"
NOT_FORECAST = "tag:shopcast,2026:not-forecast"
NOT_KEPT = "tag:shopcast,2026:not-kept"
NOT_READY = "tag:shopcast,2026:not-ready"
BAD_QUESTION = "tag:shopcast,2026:bad-question"

# Most faults that one problem document lists.
MOST_FAULTS = 100

# Names of RFC 9110; Python has older ones before 3.13.
PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}

# The header of answers that change at any time.
NO_STORE = {"Cache-Control": "no-store"}

logger = logging.getLogger("shopcast")


def phrase_of(status: int) -> str:
    """Return the name of a status code (RFC 9110), the same under every version of Python."""
    return PHRASES.get(status) or HTTPStatus(status).phrase


class Fault(BaseModel):
    """One wrong parameter."""

    parameter: Annotated[str, Field(examples=["month"])]
    detail: Annotated[str, Field(examples=["'2015' is no month: write YYYY-MM"])]


class Problem(BaseModel):
    """A problem document."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    type: Annotated[str, Field(description="kind of problem", examples=[NOT_FORECAST])] = (
        "about:blank"
    )
    title: Annotated[str, Field(examples=["No such forecast"])]
    status: Annotated[int, Field(examples=[404])]
    detail: Annotated[str, Field(examples=["Shop '999' is unknown to the forecasts."])]
    instance: Annotated[str, Field(description="path asked", examples=["/predict"])] = ""
    request_id: Annotated[
        str | None, Field(description="X-Request-ID of the answer, which the log names, too")
    ] = None
    unknown: Annotated[
        list[str] | None,
        Field(description="what has no forecast: shop_id, item_id, both, pair or month"),
    ] = None
    errors: Annotated[list[Fault] | None, Field(description="what is wrong with the question")] = (
        None
    )
    violated_policies: Annotated[
        list[str] | None,
        Field(alias="violated-policies", description="policies of RateLimit-Policy exceeded"),
    ] = None


class ProblemError(Exception):
    """Exception that ends a request with a problem document."""

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.headers = headers


def answer(
    request: Request, problem: Problem, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Answer a request with a problem document that caches must not store."""
    of = {"instance": request.url.path, "request_id": request_id_of(request.scope)}
    members = problem.model_copy(update=of).model_dump(mode="json", by_alias=True)
    return JSONResponse(
        # Within a member, null has a meaning.
        {name: value for name, value in members.items() if value is not None},
        problem.status,
        {**NO_STORE, **(headers or {})},
        MEDIA_TYPE,
    )


def not_ready(detail: str, retry_after: float) -> ProblemError:
    """Build the error of an API that cannot serve now: status 503 with the reason.

    Args:
        detail: the reason.
        retry_after: seconds until a new request is worthwhile.
    """
    problem = Problem(
        type=NOT_READY, title="Not ready", status=HTTPStatus.SERVICE_UNAVAILABLE, detail=detail
    )
    return ProblemError(problem, {"Retry-After": str(max(1, round(retry_after)))})


async def on_problem(request: Request, error: Exception) -> JSONResponse:
    """Answer with the problem document that a route raised."""
    assert isinstance(error, ProblemError)
    return answer(request, error.problem, error.headers)


async def on_bad_question(request: Request, error: Exception) -> JSONResponse:
    """Answer status 422 with the faults of the parameters."""
    assert isinstance(error, RequestValidationError)
    faults = [fault_of(e, request) for e in error.errors()[:MOST_FAULTS]]
    detail = "; ".join(f"{fault.parameter}: {fault.detail}" for fault in faults)
    problem = Problem(
        type=BAD_QUESTION,
        title="The question is not valid",
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        detail=detail,
        errors=faults,
    )
    return answer(request, problem)


def fault_of(error: Mapping[str, Any], request: Request) -> Fault:
    """Describe a fault that FastAPI or Pydantic names by its place."""
    place, *below = error["loc"]
    if error.get("type") == "json_invalid":
        reason = error["ctx"]["error"]
        return Fault(parameter="body", detail=f"no JSON at character {below[0]}: {reason}")
    if place == "body" and not below and error.get("type") != "missing":
        sent = request.headers.get("content-type")
        return Fault(parameter="body", detail=f"send a JSON object as {JSON}, not {sent}")
    detail = error["msg"].removeprefix("Value error, ")
    return Fault(parameter=".".join(map(str, below)) or place, detail=detail)


async def on_http_error(request: Request, error: Exception) -> JSONResponse:
    """Answer a request for a path or method that does not exist."""
    assert isinstance(error, HTTPException)
    title = phrase_of(error.status_code)
    detail = f"{request.method} {request.url.path}: {error.detail}"
    headers = {**(error.headers or {}), **allowed_methods(request, error.status_code)}
    return answer(request, Problem(title=title, status=error.status_code, detail=detail), headers)


def allowed_methods(request: Request, status: int) -> Mapping[str, str]:
    """Return the header Allow of a refused method: the methods of all routes with the path.

    Starlette names those of the first route alone.
    """
    route = request.scope.get("route")
    if status != HTTPStatus.METHOD_NOT_ALLOWED or not isinstance(route, APIRoute):
        return {}
    operations = request.app.openapi()["paths"].get(route.path_format, route.methods)
    methods = {*map(str.upper, operations)}
    methods |= {"HEAD"} if "GET" in methods else set()
    return {"Allow": ", ".join(sorted(methods))}


async def on_defect(request: Request, error: Exception) -> JSONResponse:
    """Answer status 500 for a defect of the program; only the log gets the traceback."""
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    detail = "A defect of the program; its log says more."
    return answer(request, Problem(title=phrase_of(status), status=status, detail=detail))


def add_handlers(app: FastAPI) -> None:
    """Register the handlers that answer every error with a problem document."""
    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(RequestValidationError, on_bad_question)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(Exception, on_defect)


def described(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Declare the problem documents that a route may answer with, for the OpenAPI document."""
    return {int(s): {"model": Problem, "description": phrase_of(s)} for s in statuses}


def with_media_type(openapi: dict[str, Any]) -> dict[str, Any]:
    """Set the media type of problem documents in the OpenAPI document.

    FastAPI cannot declare a media type together with a model.
    """
    for operations in openapi["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= HTTPStatus.BAD_REQUEST and "application/json" in response.get(
                    "content", {}
                ):
                    response["content"] = {MEDIA_TYPE: response["content"]["application/json"]}
    return openapi
