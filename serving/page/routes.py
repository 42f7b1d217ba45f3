"""Routes of the data behind the page: search, a pair's history, a shop's summary."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel

from serving.lookup.answers import Asked, not_forecast
from serving.lookup.columns import Columns
from serving.lookup.dependencies import IfNoneMatch
from serving.lookup.responses import PlainResponse, is_current, unchanged
from serving.lookup.routes import PROBLEMS, UNCHANGED, refuse_doubles
from serving.lookup.shop_routes import ShopPath
from serving.models import Id
from serving.page.dependencies import Reader, Seen
from serving.page.history import pair_history, require_pair
from serving.page.known import KnownShop
from serving.page.reader import PageReader
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
    return answer(sight, "shops", shop_results(snapshot.shops, question))


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
    items = list(catalogue.items)
    if question.shop_id is not None:
        shop_id = snapshot.shops.resolve(question.shop_id)
        items = items_of_shop(await snapshot.forecasts.find_shop(shop_id), shop_id)
    # A search through a million names takes half a second: other requests are answered meanwhile.
    results = await asyncio.to_thread(item_results, catalogue, items, question)
    return answer(sight, "items", results)


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
    shop_id = sight.view.snapshot.shops.resolve(pair.shop_id)
    columns = await sight.view.snapshot.forecasts.find(shop_id, pair.item_id)
    known = await know(sight, reader, shop_id, columns)
    require_pair(sight, known, pair)
    if is_current(if_none_match, sight.etag("history")):
        return unchanged(sight.headers("history"))
    return answer(sight, "history", pair_history(sight, known, pair.item_id))


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
    resolved = sight.view.snapshot.shops.resolve(shop_id)
    columns = await sight.view.snapshot.forecasts.find_shop(resolved)
    known = await know(sight, reader, resolved, columns)
    if not columns.pairs_of_shop(resolved) and not known.past.sales:
        raise not_forecast(["shop_id"], f"Shop '{shop_id}' was neither sold in nor forecast.")
    if is_current(if_none_match, sight.etag("summary")):
        return unchanged(sight.headers("summary"))
    summary = await asyncio.to_thread(shop_summary, sight, known, question.misses)
    return answer(sight, "summary", summary)


async def know(sight: Sight, reader: PageReader, shop_id: str, columns: Columns) -> KnownShop:
    """Read what is known of a shop besides its forecasts.

    Args:
        sight: served version and state of the lake.
        reader: reads the lake.
        shop_id: shop, aliases resolved.
        columns: forecasts of the served version.
    """
    past, catalogue = await reader.shop(sight.state, shop_id), await reader.catalogue(sight.state)
    return KnownShop(shop_id, columns, past, catalogue)


def answer(sight: Sight, kind: str, content: BaseModel) -> Response:
    """Answer with a JSON object that caches may keep."""
    return PlainResponse(content.model_dump_json().encode(), sight.headers(kind))
