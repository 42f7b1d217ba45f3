"""Routes of a shop's forecasts: pages, and files."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeAlias
from urllib.parse import quote, urlencode

import pyarrow as pa
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from serving.lookup.answers import not_forecast
from serving.lookup.columns import Columns
from serving.lookup.dependencies import AllViews, IfNoneMatch
from serving.lookup.exports import frames, write_arrow, write_csv, write_parquet, write_xlsx
from serving.lookup.responses import BlockResponse, PlainResponse, is_current, unchanged
from serving.lookup.routes import CACHED, PROBLEMS, UNCHANGED, refuse_doubles
from serving.lookup.schemas import AsOfQuestion, ShopPage, ShopQuestion
from serving.lookup.shop_pages import Cursor, Page, page_body
from serving.lookup.view import View
from serving.models import Id

Writer: TypeAlias = Callable[[Iterator[pa.RecordBatch]], Iterator[bytes]]
ShopPath = Annotated[Id, Path(description="shop, or another name of one", examples=["57"])]

CSV, PARQUET = "text/csv", "application/vnd.apache.parquet"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ARROW = "application/vnd.apache.arrow.stream"
LINKED = {"Link": {"description": "the next page, rel=next", "schema": {"type": "string"}}}

router = APIRouter(tags=["forecasts"], dependencies=[Depends(refuse_doubles)])


@router.get(
    "/shops/{shop_id:path}/forecasts",
    response_model=ShopPage,
    responses={**UNCHANGED, 200: {"headers": {**CACHED, **LINKED}}, **PROBLEMS},
)
async def list_shop_forecasts(
    request: Request,
    shop_id: ShopPath,
    question: Annotated[ShopQuestion, Query()],
    views: AllViews,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return a shop's forecasts by item, in pages.

    Pass `next` of a page as `cursor` of the next one, or follow the Link header. All pages are of
    the version of the first page, even if a newer one is published meanwhile.
    """
    cursor = None if question.cursor is None else Cursor.read(question.cursor)
    if cursor is None or question.as_of is not None:
        view = await views.at(question.as_of)
    else:
        view = await views.of_version(cursor.version)
    shop_id, columns = await find_shop(view, shop_id)
    headers = view.headers("page", "application/json")
    if is_current(if_none_match, view.etag("page")):
        return unchanged(headers)
    after = None if cursor is None else cursor.item_id
    page = Page(shop_id, question.month, question.limit, after)
    body, following = page_body(view, columns, page)
    if following is not None:
        headers = [*headers, (b"link", link_to(request, following).encode())]
    return PlainResponse(body, headers)


def link_to(request: Request, cursor: str) -> str:
    """Return a Link header (RFC 8288) to the page at a cursor."""
    query = urlencode({**request.query_params, "cursor": cursor})
    return f'<{quote(request.url.path)}?{query}>; rel="next"'


async def find_shop(view: View, shop_id: str) -> tuple[str, Columns]:
    """Return the shop that an id stands for, and columns with the shop's forecasts.

    Raises:
        ProblemError: the version has no forecasts of the shop (status 404).
    """
    resolved = view.snapshot.shops.resolve(shop_id)
    columns = await view.snapshot.forecasts.find_shop(resolved)
    if not columns.pairs_of_shop(resolved):
        version = view.snapshot.version.version
        raise not_forecast(["shop_id"], f"Shop '{shop_id}' is unknown to version {version}.")
    return resolved, columns


def file_response(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    """Declare a file that a route answers with, for the OpenAPI document."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    file = {"description": description, "content": content, "headers": CACHED}
    return {**UNCHANGED, 200: file, **PROBLEMS}


def add_shop_export(suffix: str, media_type: str, write: Writer) -> None:
    """Add the route of a shop's forecasts as a file."""

    async def export_shop(
        shop_id: ShopPath,
        question: Annotated[AsOfQuestion, Query()],
        views: AllViews,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        view = await views.at(question.as_of)
        resolved, columns = await find_shop(view, shop_id)
        if is_current(if_none_match, view.etag(suffix)):
            return unchanged(view.headers(suffix, media_type))
        blocks = write(frames(view, columns, columns.pairs_of_shop(resolved)))
        return attachment(view, f"forecasts-{resolved}", (suffix, media_type), blocks)

    router.add_api_route(
        f"/shops/{{shop_id:path}}/forecasts.{suffix}",
        export_shop,
        name=f"export_shop_{suffix}",
        summary=f"A shop's forecasts as {suffix.upper()}",
        response_class=Response,
        responses=file_response(media_type, "a row per forecast; ids are texts"),
    )


def add_version_export(suffix: str, media_type: str, write: Writer) -> None:
    """Add the route of all forecasts of a version as a file."""

    async def export_version(
        question: Annotated[AsOfQuestion, Query()],
        views: AllViews,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        view = await views.at(question.as_of)
        # Of a copy in PostgreSQL, find_all reads the whole version.
        if is_current(if_none_match, view.etag(suffix)):
            return unchanged(view.headers(suffix, media_type))
        columns = await view.snapshot.forecasts.find_all()
        blocks = write(frames(view, columns, range(len(columns.arrays["pairs"]))))
        return attachment(view, "forecasts", (suffix, media_type), blocks)

    router.add_api_route(
        f"/forecasts.{suffix}",
        export_version,
        name=f"export_version_{suffix}",
        summary=f"All forecasts of the version as {suffix.title()}",
        response_class=Response,
        responses=file_response(media_type, "a row per forecast, by shop, item and month"),
    )


def attachment(
    view: View, name: str, kind: tuple[str, str], blocks: Iterator[bytes]
) -> BlockResponse:
    """Return a file that a browser saves.

    Args:
        view: what the file is made from; names the version.
        name: how the file's name begins.
        kind: suffix and media type.
        blocks: the file's bytes.
    """
    suffix, media_type = kind
    file = quote(f"{name}-{view.snapshot.version.version}.{suffix}", safe="")
    disposition = f"attachment; filename*=UTF-8''{file}"
    headers = view.headers(suffix, media_type)
    return BlockResponse(blocks, [*headers, (b"content-disposition", disposition.encode())])


for each in (("csv", CSV, write_csv), ("xlsx", XLSX, write_xlsx)):
    add_shop_export(*each)
for each in (
    ("csv", CSV, write_csv),
    ("parquet", PARQUET, write_parquet),
    ("arrow", ARROW, write_arrow),
):
    add_version_export(*each)
