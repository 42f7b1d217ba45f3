"""Route GET /predict: the forecasts of a shop and item."""

from collections import Counter
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError

from serving.lookup.answers import Asked, find_rows, pair_body
from serving.lookup.dependencies import AllViews, IfNoneMatch
from serving.lookup.noting import note_pair
from serving.lookup.responses import PlainResponse, is_current, unchanged
from serving.lookup.schemas import Prediction, Question
from serving.problems import described

PROBLEMS = described(
    HTTPStatus.NOT_FOUND,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
CACHED = {
    name: {"description": description, "schema": {"type": "string"}}
    for name, description in (
        ("ETag", "tag of these bytes, for If-None-Match"),
        ("Cache-Control", "who may keep the answer, and how many seconds"),
        ("Vary", "request headers that the answer depends on"),
    )
}
UNCHANGED: dict[int | str, dict[str, Any]] = {
    200: {"headers": CACHED},
    304: {"description": "Unchanged since If-None-Match", "headers": CACHED},
}


def refuse_doubles(request: Request) -> None:
    """Refuse a repeated query parameter, because only one of the values could be answered.

    Raises:
        RequestValidationError: a parameter is repeated; names each such parameter.
    """
    counts = Counter(name for name, _ in request.query_params.multi_items())
    doubled = [name for name, count in counts.items() if count > 1]
    if doubled:
        raise RequestValidationError(
            [{"loc": ("query", name), "msg": f"given {counts[name]} times"} for name in doubled]
        )


router = APIRouter(tags=["forecasts"])


@router.get(
    "/predict",
    response_model=Prediction,
    responses={**UNCHANGED, **PROBLEMS},
    dependencies=[Depends(refuse_doubles)],
)
async def predict(
    request: Request,
    question: Annotated[Question, Query()],
    views: AllViews,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return the forecasts of a shop and item: all months, or the month that is named.

    A shop's alias is answered with the forecasts of the shop.
    """
    view = await views.at(question.as_of)
    asked = Asked(question.shop_id, question.item_id, question.month)
    shop_id = view.snapshot.shops.resolve(asked.shop_id)
    columns = await view.snapshot.forecasts.find(shop_id, asked.item_id)
    note_pair(request.scope, view, columns, asked)
    rows = find_rows(view, columns, asked)
    if is_current(if_none_match, view.json_etag):
        return unchanged(view.json_headers)
    return PlainResponse(pair_body(view, columns, asked, rows), view.json_headers)
