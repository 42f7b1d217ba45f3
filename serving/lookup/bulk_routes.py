"""Route POST /predict: the forecasts of many pairs in one answer."""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from http import HTTPStatus
from itertools import filterfalse
from operator import itemgetter
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from serving.lookup.bulk import ARROW, JSON, MEDIA_TYPES, NDJSON, RENDERERS
from serving.lookup.columns import Columns
from serving.lookup.dependencies import AllViews, views_of
from serving.lookup.negotiation import choose_media_type
from serving.lookup.noting import note_pairs
from serving.lookup.pairs import BLOCK_PAIRS, Located, Pairs, shop_numbers
from serving.lookup.responses import BlockResponse, PlainResponse
from serving.lookup.routes import refuse_doubles
from serving.lookup.schemas import MOST_PAIRS, AsOfQuestion, BulkQuestion, Predictions
from serving.lookup.view import View
from serving.models import Id
from serving.problems import described

SHOP, ITEM = itemgetter("shop_id"), itemgetter("item_id")
ID: TypeAdapter[str] = TypeAdapter(Id)
# OpenAPI ignores a parameter Accept: the media types of the answer say what may be asked.
NotListed = Annotated[str | None, Header(include_in_schema=False)]
# What POST answers depends on the body, which caches do not look at.
UNCACHED = (b"cache-control", b"no-store"), (b"vary", b"accept")
PROBLEMS = described(
    HTTPStatus.NOT_FOUND,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A forecast or what is unknown of every pair, in the order of the question",
        "content": {
            NDJSON: {"schema": {"type": "string"}},
            ARROW: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


class BulkRoute(APIRoute):
    """A route that reads plain questions itself, in a tenth of the time that Pydantic takes.

    Whatever is not plain (an id in another form, a fault, an instant, a key to check) goes through
    FastAPI as on any route; a test holds both ways to the same bytes.
    """

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """Return the handler: the short way, else FastAPI's."""
        by_fastapi = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await answer_plainly(request) or await by_fastapi(request)

        return handle


async def answer_plainly(request: Request) -> Response | None:
    """Answer a plain question; None: FastAPI is to answer."""
    views = views_of(request)
    if request.scope["query_string"] or not views.has_open_reads:
        return None
    if not request.headers.get("content-type", "").startswith(JSON):
        return None
    view = views.served()
    columns = view.snapshot.forecasts
    if not isinstance(columns, Columns):
        return None
    pairs = read_plainly(await request.body(), view, columns)
    return None if pairs is None else answer(request, view, columns, pairs)


def read_plainly(body: bytes, view: View, columns: Columns) -> Pairs | None:
    """Read a question whose ids are in their normal form; None: FastAPI is to read it."""
    try:
        question = orjson.loads(body)
        pairs = question["pairs"]
        shop_ids, item_ids = list(map(SHOP, pairs)), list(map(ITEM, pairs))
        is_plain = len(question) == 1 and set(map(len, pairs)) == {2} and len(pairs) <= MOST_PAIRS
        shops, items = shop_numbers(view, columns), columns.item_numbers
        unknown = {*filterfalse(shops.__contains__, shop_ids)}
        unknown |= {*filterfalse(items.__contains__, item_ids)}
        if not is_plain or not all(map(is_normal, unknown)):
            return None
    except (ValueError, KeyError, TypeError):
        return None
    return Pairs(shop_ids, item_ids)


@lru_cache(maxsize=4096)
def is_normal(text: str) -> bool:
    """Return whether a text is an id in the form that ids of sales have."""
    try:
        return ID.validate_python(text, strict=True) == text
    except ValidationError:
        return False


router = APIRouter(tags=["forecasts"], route_class=BulkRoute)


@router.post(
    "/predict",
    response_model=Predictions,
    responses={**ANSWERS, **PROBLEMS},
    dependencies=[Depends(refuse_doubles)],
)
async def predict_many(
    request: Request,
    asked: Annotated[AsOfQuestion, Query()],
    question: BulkQuestion,
    views: AllViews,
    accept: NotListed = None,
) -> Response:
    """Return the forecasts of up to 50,000 pairs, in order; a pair without forecasts is marked.

    Repeating the request changes nothing. Accept chooses JSON, a JSON object per line, or an Arrow
    stream with a row per forecast.
    """
    choose_media_type(accept, MEDIA_TYPES)
    view = await views.at(asked.as_of)
    shop_ids = [pair.shop_id for pair in question.pairs]
    pairs = Pairs(shop_ids, [pair.item_id for pair in question.pairs], question.month)
    resolved = list(map(view.snapshot.shops.resolve, shop_ids))
    columns = await view.snapshot.forecasts.find_many(resolved, pairs.item_ids)
    return answer(request, view, columns, pairs)


def answer(request: Request, view: View, columns: Columns, pairs: Pairs) -> Response:
    """Answer about pairs: at once if they are few, else block by block."""
    media_type = choose_media_type(request.headers.get("accept"), MEDIA_TYPES)
    located = (Located(view, columns, block) for block in pairs.blocks())
    noted = (note_pairs(request.scope, block) for block in located)
    blocks = RENDERERS[media_type](view, noted)
    headers = ((b"content-type", media_type.encode()), *UNCACHED)
    if len(pairs) <= BLOCK_PAIRS:
        return PlainResponse(b"".join(blocks), headers)
    return BlockResponse(blocks, headers)
