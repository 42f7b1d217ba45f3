"""FastAPI dependencies: what the page's answers rest on."""

from typing import Annotated, cast

from fastapi import Depends, Request

from lakehouse.errors import ShopcastError
from serving.dependencies import Settings
from serving.lookup.dependencies import AllViews
from serving.lookup.store import Store
from serving.page.reader import PageReader
from serving.page.sight import Sight
from serving.problems import not_ready


def reader_of(request: Request) -> PageReader:
    """Return the reader of what the page shows besides forecasts."""
    return cast(PageReader, request.app.state.page_reader)


Reader = Annotated[PageReader, Depends(reader_of)]


async def sight_of(request: Request, views: AllViews, reader: Reader, settings: Settings) -> Sight:
    """Return the served version and the state of the lake.

    Raises:
        ProblemError: nothing is served, or the lake cannot be read now (status 503).
    """
    view = views.served()
    try:
        return Sight(view, await reader.state())
    except ShopcastError as error:
        sentence = cast(Store, request.app.state.store).public_sentence(error)
        raise not_ready(sentence, settings.refresh_seconds) from error


Seen = Annotated[Sight, Depends(sight_of)]
