"""The FastAPI application: routes, error handlers and the background refresh."""

import asyncio
import gc
import shutil
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from publishing.mongodb.reader import ItemReader
from serving import health, problems
from serving.access.credentials import open_identities
from serving.access.declared import declare_access
from serving.access.guard import requires
from serving.access.scopes import Scope
from serving.dependencies import Clock
from serving.docs_page import routes as docs_routes
from serving.gateway import open_gateway
from serving.heads import Heads
from serving.items import routes as items_routes
from serving.lookup import bulk_routes, shop_routes
from serving.lookup import routes as lookup_routes
from serving.lookup.past import Past
from serving.lookup.short_way import ShortWay
from serving.lookup.source import open_source
from serving.lookup.store import Store
from serving.lookup.version_files import VersionFiles
from serving.lookup.views import Views
from serving.overrides import routes as override_routes
from serving.overrides.service import Overrides
from serving.page import page_routes, status_routes
from serving.page import routes as page_data_routes
from serving.page.reader import PageReader
from serving.run_folder import create_run_folder
from serving.settings import ServingSettings, read_settings
from serving.training import routes as training_routes
from serving.training.engines import open_engine
from serving.training.service import Trainings
from serving.training.store import RunStore
from serving.uploads import routes as upload_routes
from serving.uploads.service import Uploads
from serving.uploads.store import UploadStore
from serving.uploads.upload import Counts
from serving.watching import routes as watching_routes
from serving.watching.journal import Journal, keep_watching, open_journal
from serving.watching.logs import configure_log
from serving.watching.metrics import Served
from serving.watching.tracing import trace_requests
from watching.metrics import TRAINING_RUNS, UPLOAD_ROWS

TITLE = "shopcast"
DESCRIPTION = (
    "Monthly demand forecasts, shop by item. Every answer names its version, cutoff and model; "
    "every error is a problem document (RFC 9457)."
)


class Api(FastAPI):
    """A FastAPI application behind the gateway, whose OpenAPI document declares every answer."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return the application as the server calls it."""
        state = self.state
        inner = super().build_middleware_stack()
        gateway = open_gateway(
            inner, state.settings, state.identities, state.run_folder, state.journal
        )
        return trace_requests(gateway)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        if self.openapi_schema is None:
            declare_access(problems.with_media_type(super().openapi()))
        return super().openapi()


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
        UsageError: the lake's URI has an unknown scheme, the URL of a copy cannot be read, or the
            file of keys is not sound.
    """
    app = Api(
        title=TITLE,
        description=DESCRIPTION,
        version="1",
        lifespan=lifespan,
        docs_url=None,  # serving.docs_page
        redoc_url=None,
        # Functions of generated clients have these names.
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.settings = settings
    app.state.clock = clock
    files = app.state.files = VersionFiles(settings.lake, settings.files_folder)
    app.state.source = open_source(settings, files)
    app.state.store = Store(settings.lake, app.state.source)
    app.state.views = Views(app.state.store, Past(settings.lake, files), settings, clock)
    app.state.page_reader = PageReader(settings.lake, settings.refresh_seconds)
    app.state.identities = open_identities(settings, settings.state, clock)
    app.state.run_folder = settings.run_folder or new_run_folder(app)
    app.state.journal = open_journal(settings, app.state.run_folder)
    app.state.uploads = Uploads(
        UploadStore(settings.state),
        settings.upload_limits,
        settings.landing,
        settings.lake.root,
        clock,
        count=partial(count_rows, app.state.journal),
    )
    app.state.overrides = Overrides(settings.lake, settings.reasons)
    app.state.trainings = open_trainings(settings, clock, app.state.journal)
    app.state.items = open_items(settings)
    problems.add_handlers(app)
    app.add_middleware(Heads)
    app.add_middleware(ShortWay, state=app.state)
    add_routes(app, settings)
    return app


def add_routes(app: FastAPI, settings: ServingSettings) -> None:
    """Add the routes: those that read ask for a key where reads are closed."""
    reads = [] if settings.reads_open else [requires(Scope.READ)]
    app.include_router(lookup_routes.router, dependencies=reads)
    app.include_router(bulk_routes.router, dependencies=reads)
    app.include_router(shop_routes.router, dependencies=reads)
    app.include_router(page_data_routes.router, dependencies=reads)
    app.include_router(status_routes.router, dependencies=reads)
    app.include_router(page_routes.router)
    app.include_router(watching_routes.router, dependencies=reads)
    app.include_router(health.router)
    app.include_router(docs_routes.router)
    app.include_router(upload_routes.router)
    app.include_router(override_routes.writing)
    app.include_router(override_routes.reading, dependencies=reads)
    app.include_router(training_routes.router)
    if app.state.items is not None:
        app.include_router(items_routes.router, dependencies=reads)


def open_items(settings: ServingSettings) -> ItemReader | None:
    """Return the reader of items; None: ITEMS_STORE is not set."""
    url = settings.items_store
    return None if url is None else ItemReader(url.get_secret_value())


def open_trainings(settings: ServingSettings, clock: Clock, journal: Journal) -> Trainings:
    """Open the runs of training of a state folder."""
    folder = settings.state.path / "training"
    engine = open_engine(settings, settings.lake.root, folder, clock)
    count = partial(journal.metrics.add, TRAINING_RUNS)
    return Trainings(RunStore(settings.state), engine, clock, count)


def create_worker() -> FastAPI:
    """Build the application of one of several workers, which have their settings from the command.

    The command passes the settings by the environment.
    """
    settings = read_settings({})
    configure_log(settings.log_format)
    return create_app(settings)


def new_run_folder(app: FastAPI) -> Path:
    """Create the run folder of a server with one worker; the folder goes with the application."""
    folder = create_run_folder()
    weakref.finalize(app, shutil.rmtree, folder, ignore_errors=True)
    return folder


def count_rows(journal: Journal, counts: Counts) -> None:
    """Count the rows of an upload by verdict, for the metrics."""
    for verdict in ("accepted", "rejected", "repeated"):
        journal.metrics.add(UPLOAD_ROWS, verdict, amount=getattr(counts, verdict))


def served_of(app: FastAPI) -> Served:
    """Return what the metrics show of the served version."""
    state, now = app.state.store.state, app.state.clock()
    if state.snapshot is None:
        return Served(has_failed=state.fault is not None)
    age = (now - state.snapshot.version.published_at).total_seconds()
    return Served(age, len(state.snapshot.forecasts), state.fault is not None)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Refresh the served forecasts and the metrics in the background while the application runs."""
    journal: Journal = app.state.journal
    # What exists from the start lasts: the collector need not look through it again and again.
    gc.collect()
    gc.freeze()
    background = [
        asyncio.create_task(app.state.store.keep_new(app.state.settings.refresh_seconds)),
        asyncio.create_task(keep_watching(journal, lambda: served_of(app))),
        asyncio.create_task(app.state.trainings.keep_counting()),
    ]
    yield
    app.state.files.stop()
    for task in background:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    journal.close()
    app.state.source.close()
    if app.state.items is not None:
        app.state.items.close()
