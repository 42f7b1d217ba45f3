"""Routes of /docs: the page, and the files of Swagger UI, which are kept in the repository."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException

FOLDER = Path(__file__).parent
# Release 5.35.0 of npm's swagger-ui-dist, unaltered; swagger_ui/SHA256SUMS records the digests.
SWAGGER_UI = FOLDER / "swagger_ui"
FILES = {
    path.name: path
    for path in (
        FOLDER / "start.js",
        SWAGGER_UI / "swagger-ui-bundle.js",
        SWAGGER_UI / "swagger-ui.css",
        SWAGGER_UI / "favicon-32x32.png",
    )
}
# Swagger UI draws its icons by URLs of data.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}

router = APIRouter(include_in_schema=False)


@router.get("/docs")
def show_page() -> FileResponse:
    """Return the page that describes every operation."""
    return FileResponse(FOLDER / "page.html", headers=HEADERS)


@router.get("/docs/{name}")
def read_file(name: str) -> FileResponse:
    """Return a file of the page.

    Raises:
        HTTPException: the page has no such file (status 404).
    """
    if name not in FILES:
        raise HTTPException(404, "The page has no such file.")
    return FileResponse(FILES[name], headers=HEADERS)
