"""Routes GET /healthz (liveness) and GET /readyz (readiness)."""

from datetime import date
from http import HTTPStatus

from fastapi import APIRouter, Response

from serving.dependencies import Settings, Today
from serving.lookup.dependencies import Now, Served
from serving.models import Liveness, Readiness
from serving.problems import NO_STORE, described, not_ready

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz(response: Response) -> Liveness:
    """Report that the process runs; independent of the forecasts."""
    response.headers.update(NO_STORE)
    return Liveness()


@router.get("/readyz", responses=described(HTTPStatus.SERVICE_UNAVAILABLE))
async def readyz(
    served: Served, state: Now, settings: Settings, today: Today, response: Response
) -> Readiness:
    """Report the served forecasts; 503 with the reason if forecasts are missing or too old."""
    age, greatest = months_between(served.version.cutoff, today), settings.max_age_months
    if greatest is not None and age > greatest:
        raise not_ready(
            f"The data are too old: cutoff {served.version.cutoff:%Y-%m} is {age} months ago, "
            f"MAX_AGE_MONTHS is {greatest}; publish newer forecasts.",
            settings.refresh_seconds,
        )
    response.headers.update(NO_STORE)
    return Readiness(
        version=served.version.version,
        cutoff=served.version.cutoff,
        published_at=served.version.published_at,
        rows=len(served.forecasts),
        fault=state.fault,
    )


def months_between(earlier: date, later: date) -> int:
    """Count the months from the month of one date to the month of another."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month
