"""Routes of the page itself: HTML, styles and scripts; they hold no data and need no key."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Cookie, Header, HTTPException, Response

from serving.lookup.responses import is_current
from serving.page.assets import Asset, read_assets
from serving.page.languages import choose_language

# Everything comes from this server; scripts and styles only from files, never from the HTML.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ASSETS = read_assets()

Accepted = Annotated[str | None, Header(alias="Accept-Language")]
Encodings = Annotated[str, Header(alias="Accept-Encoding")]
Tags = Annotated[str | None, Header(alias="If-None-Match")]
Chosen = Annotated[str | None, Cookie(alias="language")]

router = APIRouter(include_in_schema=False)


@router.get("/")
async def show_planner(
    encodings: Encodings = "", tags: Tags = None, accepted: Accepted = None, chosen: Chosen = None
) -> Response:
    """Return the page for planners."""
    language = choose_language(ASSETS.languages, chosen, accepted)
    return send(ASSETS.pages["index", language], encodings, tags)


@router.get("/status")
async def show_status(
    encodings: Encodings = "", tags: Tags = None, accepted: Accepted = None, chosen: Chosen = None
) -> Response:
    """Return the page about the state of forecasts, uploads and trainings."""
    language = choose_language(ASSETS.languages, chosen, accepted)
    return send(ASSETS.pages["status", language], encodings, tags)


@router.get("/static/{path:path}")
async def send_file(path: str, encodings: Encodings = "", tags: Tags = None) -> Response:
    """Return a file of the page.

    Raises:
        HTTPException: the page has no such file (status 404).
    """
    if path not in ASSETS.files:
        raise HTTPException(HTTPStatus.NOT_FOUND, "Not Found")
    return send(ASSETS.files[path], encodings, tags)


def send(asset: Asset, encodings: str, tags: str | None) -> Response:
    """Answer with a file, compressed where the browser can read that; 304 if it has the file."""
    is_compressed = "gzip" in encodings
    etag = f'"{asset.etag}{"-gzip" if is_compressed else ""}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding, Accept-Language, Cookie",
        "Content-Security-Policy": POLICY,
        "Referrer-Policy": "same-origin",
    }
    if is_current(tags, etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if is_compressed:
        headers["Content-Encoding"] = "gzip"
    content = asset.compressed if is_compressed else asset.content
    return Response(content, media_type=asset.media_type, headers=headers)
