"""Route GET /predict: the forecasts of a shop and item."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError

from serving.dependencies import Settings
from serving.lookup import caching
from serving.lookup.dependencies import Served
from serving.lookup.snapshot import Snapshot
from serving.models import Asked, Forecast, Prediction, Question
from serving.problems import NOT_FORECAST, Problem, ProblemError, described

router = APIRouter(tags=["forecasts"])
PROBLEMS = described(
    HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)
UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "Unchanged since If-None-Match"}}


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


@router.get(
    "/predict",
    response_model=Prediction,
    responses={**UNCHANGED, **PROBLEMS},
    dependencies=[Depends(refuse_doubles)],
)
async def predict(
    asked: Annotated[Question, Query()],
    served: Served,
    settings: Settings,
    response: Response,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Prediction | Response:
    """Return the forecasts of a shop and item: all months, or the month that is named.

    A shop's alias is answered with the forecasts of the shop.
    """
    prediction = answer(served, asked)
    headers = caching.headers(served.tag, settings.refresh_seconds)
    if caching.is_current(if_none_match, served.tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    response.headers.update(headers)
    return prediction


def answer(served: Snapshot, asked: Question) -> Prediction:
    """Answer a question from a snapshot.

    Raises:
        ProblemError: the snapshot has no such forecast (status 404); names what is unknown.
    """
    shop_id = served.shops.resolve(asked.shop_id)
    forecasts = served.forecasts.find(shop_id, asked.item_id)
    if not forecasts:
        raise unknown_pair(served, asked, shop_id)
    return Prediction(
        asked=Asked(shop_id=asked.shop_id, item_id=asked.item_id),
        shop_id=shop_id,
        shop_name=served.shops.names.get(shop_id),
        item_id=asked.item_id,
        version=served.version.version,
        cutoff=served.version.cutoff,
        forecasts=[Forecast(**row) for row in of_month(forecasts, asked.month)],
    )


def of_month(forecasts: Sequence[dict[str, Any]], month: str | None) -> Sequence[dict[str, Any]]:
    """Filter forecasts by month, YYYY-MM; None: return all forecasts.

    Raises:
        ProblemError: the month is not forecast (status 404); names the forecast months.
    """
    if month is None:
        return forecasts
    wanted = date.fromisoformat(f"{month}-01")
    found = [forecast for forecast in forecasts if forecast["month"] == wanted]
    if not found:
        months = ", ".join(f"{forecast['month']:%Y-%m}" for forecast in forecasts)
        raise not_forecast(["month"], f"Month {month} is not forecast; the pair has {months}.")
    return found


def unknown_pair(served: Snapshot, asked: Question, shop_id: str) -> ProblemError:
    """Build the error for a pair without forecasts: shop, item or only the pair is unknown."""
    shop = f"shop '{asked.shop_id}'"
    if shop_id != asked.shop_id:
        shop += f" (another name of '{shop_id}')"
    known = {
        "shop_id": shop_id in served.forecasts.shops,
        "item_id": asked.item_id in served.forecasts.items,
    }
    names = {"shop_id": shop, "item_id": f"item '{asked.item_id}'"}
    unknown = [field for field, is_known in known.items() if not is_known]
    version = f"the forecasts of version {served.version.version}"
    if not unknown:
        detail = f"{shop} and item '{asked.item_id}' are no pair of {version}."
        return not_forecast(["pair"], detail)
    if "shop_id" in unknown and shop_id in served.shops.ids:
        other = f"; {names['item_id']} is unknown to it" if "item_id" in unknown else ""
        detail = (
            f"{shop} is a known shop, but not in {version}: a shop that sold nothing lately or has "
            f"closed is not in the assortment{other}."
        )
        return not_forecast(unknown, detail)
    who = " and ".join(names[field] for field in unknown)
    return not_forecast(unknown, f"{who}: unknown to {version}.")


def not_forecast(unknown: list[str], detail: str) -> ProblemError:
    """Build the problem document of a missing forecast, status 404."""
    return ProblemError(
        Problem(
            type=NOT_FORECAST,
            title="No such forecast",
            status=HTTPStatus.NOT_FOUND,
            detail=detail[0].upper() + detail[1:],
            unknown=unknown,
        )
    )
