"""Routes of the data behind the page: search, a pair's history, a shop's summary."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel

from serving.lookup.answers import Asked, not_forecast
from serving.lookup.dependencies import IfNoneMatch
from serving.lookup.responses import PlainResponse, is_current, unchanged
from serving.lookup.routes import PROBLEMS, UNCHANGED, refuse_doubles
from serving.lookup.shop_routes import ShopPath
from serving.models import Id
from serving.page.dependencies import Reader, Seen
from serving.page.history import pair_history
from serving.page.schemas import (
    ItemEntries,
    ItemSearchQuestion,
    MissQuestion,
    Nothing,
    PairHistory,
    SearchQuestion,
    ShopNames,
    ShopSummary,
)
from serving.page.search import item_results, items_of_shop, shop_results
from serving.page.sight import Sight
from serving.page.summary import shop_summary

ItemPath = Annotated[Id, Path(description="item", examples=["5037"])]

router = APIRouter(tags=["page"], dependencies=[Depends(refuse_doubles)])


@router.get("/shops", response_model=ShopNames, responses={**UNCHANGED, **PROBLEMS})
async def search_shops(
    question: Annotated[SearchQuestion, Query()], sight: Seen, if_none_match: IfNoneMatch = None
) -> Response:
    """Search shops by words of the name or by id, without regard to case and accents."""
    if is_current(if_none_match, sight.etag("shops")):
        return unchanged(sight.headers("shops"))
    snapshot = sight.view.snapshot
    return answer(sight, "shops", shop_results(snapshot.shops, question, snapshot.version.version))


@router.get("/items", response_model=ItemEntries, responses={**UNCHANGED, **PROBLEMS})
async def search_items(
    question: Annotated[ItemSearchQuestion, Query()],
    sight: Seen,
    reader: Reader,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Search items by words of the name or by id: of the catalogue, or those of a shop."""
    if is_current(if_none_match, sight.etag("items")):
        return unchanged(sight.headers("items"))
    catalogue, snapshot = await reader.catalogue(sight.state), sight.view.snapshot
    items = sorted(catalogue.items)
    if question.shop_id is not None:
        shop_id = snapshot.shops.resolve(question.shop_id)
        items = items_of_shop(await snapshot.forecasts.find_shop(shop_id), shop_id)
    found = item_results(catalogue, items, question, snapshot.version.version)
    return answer(sight, "items", found)


def pair_of(shop_id: ShopPath, item_id: ItemPath, _question: Annotated[Nothing, Query()]) -> Asked:
    """Return the pair that a path names."""
    return Asked(shop_id, item_id)


@router.get(
    "/shops/{shop_id:path}/items/{item_id:path}/history",
    response_model=PairHistory,
    responses={**UNCHANGED, **PROBLEMS},
)
async def read_history(
    pair: Annotated[Asked, Depends(pair_of)],
    sight: Seen,
    reader: Reader,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return a pair's closed months, what was forecast of them, and what is forecast now."""
    snapshot = sight.view.snapshot
    shop_id = snapshot.shops.resolve(pair.shop_id)
    columns = await snapshot.forecasts.find(shop_id, pair.item_id)
    past = await reader.shop(sight.state, shop_id)
    history = pair_history(sight, columns, past, await reader.catalogue(sight.state), pair)
    if is_current(if_none_match, sight.etag("history")):
        return unchanged(sight.headers("history"))
    return answer(sight, "history", history)


@router.get(
    "/shops/{shop_id:path}/summary",
    response_model=ShopSummary,
    responses={**UNCHANGED, **PROBLEMS},
)
async def summarise_shop(
    shop_id: ShopPath,
    question: Annotated[MissQuestion, Query()],
    sight: Seen,
    reader: Reader,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return a shop's total by month, and the greatest misses of the last closed month."""
    snapshot = sight.view.snapshot
    resolved = snapshot.shops.resolve(shop_id)
    columns = await snapshot.forecasts.find_shop(resolved)
    past = await reader.shop(sight.state, resolved)
    if not columns.pairs_of_shop(resolved) and not past.sales:
        raise not_forecast(["shop_id"], f"Shop '{shop_id}' was neither sold in nor forecast.")
    if is_current(if_none_match, sight.etag("summary")):
        return unchanged(sight.headers("summary"))
    summary = shop_summary(sight, columns, past, await reader.catalogue(sight.state), resolved)
    return answer(
        sight, "summary", summary.model_copy(update={"misses": summary.misses[: question.misses]})
    )


def answer(sight: Sight, kind: str, content: BaseModel) -> Response:
    """Answer with a JSON object that caches may keep."""
    return PlainResponse(content.model_dump_json().encode(), sight.headers(kind))
