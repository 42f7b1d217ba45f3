"""Route GET /items/{item_id}, which exists only where ITEMS_STORE is set."""

from http import HTTPStatus
from typing import Annotated, cast

from fastapi import APIRouter, Path, Request, Response

from publishing.mongodb.reader import ItemReader, ItemsUnavailableError
from serving.items.schemas import Item
from serving.models import Id
from serving.problems import Problem, ProblemError, described, not_ready

NO_ITEM = "tag:shopcast,2026:no-item"
PROBLEMS = described(
    HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)
RETRY_SECONDS = 5

router = APIRouter(tags=["items"])


# Not async: the driver blocks, so that FastAPI runs the function in a thread.
@router.get("/items/{item_id:path}", response_model=Item, responses=PROBLEMS)
def find_item(
    item_id: Annotated[Id, Path(description="item", examples=["5037"])],
    request: Request,
    response: Response,
) -> Item:
    """Return an item's catalogue entry, prices by month and forecasts over all shops."""
    reader = cast(ItemReader, request.app.state.items)
    try:
        document = reader.find(item_id)
    except ItemsUnavailableError as error:
        raise not_ready(str(error), RETRY_SECONDS) from error
    if document is None:
        raise no_such_item(item_id)
    response.headers["Cache-Control"] = "no-cache"
    return Item(item_id=document["_id"], **document)


def no_such_item(item_id: str) -> ProblemError:
    """Build the problem document of a missing item, status 404."""
    return ProblemError(
        Problem(
            type=NO_ITEM,
            title="No such item",
            status=HTTPStatus.NOT_FOUND,
            detail=f"Item '{item_id}' is neither in the catalogue, nor was it ever sold.",
            unknown=["item_id"],
        )
    )
