"""The API over forecasts computed beforehand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI

from serving import health, predict, problems
from serving.dependencies import Clock
from serving.settings import ServingSettings
from serving.store import Store

TITLE = "shopcast"
DESCRIPTION = (
    "Monthly demand forecasts, shop by item. Every answer names its version, cutoff and model; "
    "every error is a problem document (RFC 9457)."
)


class Api(FastAPI):
    """FastAPI, whose OpenAPI document gives errors their own media type."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        return problems.with_media_type(super().openapi())


def utc_now() -> datetime:
    """Return the time now, UTC."""
    return datetime.now(UTC)


def create_app(settings: ServingSettings, clock: Clock = utc_now) -> FastAPI:
    """Make the application; nothing is read before it starts.

    It starts without a lake too, and is ready once there are forecasts.

    Args:
        settings: what to serve.
        clock: the time now, UTC.

    Raises:
        UsageError: the lake's URI has a scheme that we do not read.
    """
    app = Api(title=TITLE, description=DESCRIPTION, version="1", lifespan=lifespan)
    app.state.settings = settings
    app.state.clock = clock
    app.state.store = Store(settings.lake)
    problems.add_handlers(app)
    app.include_router(predict.router)
    app.include_router(health.router)
    return app


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep the forecasts new for as long as the application runs."""
    refreshing = asyncio.create_task(app.state.store.keep_new(app.state.settings.refresh_seconds))
    yield
    refreshing.cancel()
    with suppress(asyncio.CancelledError):
        await refreshing
