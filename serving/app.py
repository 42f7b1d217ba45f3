"""The FastAPI application: routes, error handlers and the background refresh."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI

from serving import health, problems
from serving.access.identity import Identities
from serving.access.key_store import KeyStore
from serving.dependencies import Clock
from serving.lookup import routes as lookup_routes
from serving.lookup.store import Store
from serving.settings import ServingSettings

TITLE = "shopcast"
DESCRIPTION = (
    "Monthly demand forecasts, shop by item. Every answer names its version, cutoff and model; "
    "every error is a problem document (RFC 9457)."
)


class Api(FastAPI):
    """A FastAPI application whose OpenAPI document declares the media type of errors."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        return problems.with_media_type(super().openapi())


def utc_now() -> datetime:
    """Return the current time, UTC."""
    return datetime.now(UTC)


def create_app(settings: ServingSettings, clock: Clock = utc_now) -> FastAPI:
    """Build the application; the application reads the lake only after the start.

    The application also starts without a lake, and becomes ready once forecasts are published.

    Args:
        settings: the lake to serve and how often to refresh.
        clock: returns the current time, UTC.

    Raises:
        UsageError: the lake's URI has an unknown scheme.
    """
    app = Api(title=TITLE, description=DESCRIPTION, version="1", lifespan=lifespan)
    app.state.settings = settings
    app.state.clock = clock
    app.state.store = Store(settings.lake)
    app.state.identities = Identities(KeyStore(settings.state), clock)
    problems.add_handlers(app)
    app.include_router(lookup_routes.router)
    app.include_router(health.router)
    return app


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Refresh the served forecasts in the background while the application runs."""
    refreshing = asyncio.create_task(app.state.store.keep_new(app.state.settings.refresh_seconds))
    yield
    refreshing.cancel()
    with suppress(asyncio.CancelledError):
        await refreshing
