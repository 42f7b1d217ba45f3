"""A served lake for the page, and a browser that reaches nothing but its server."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page

from serving.app import create_app
from serving.settings import ServingSettings

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FRESH, LATE = datetime(2015, 11, 20, 9, tzinfo=UTC), datetime(2016, 3, 1, tzinfo=UTC)


def planner_app(folder: Path, now: datetime = FRESH, **values: object) -> FastAPI:
    """Build the application of the lake in a folder."""
    settings = ServingSettings(
        lake_root=str(folder / "lake"),
        state_folder=folder / "state",
        cache_folder=folder / "cache",
        rate_limit="off",
        **values,
    )
    return create_app(settings, clock=lambda: now)


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """Serve an application from a thread, and yield its address once forecasts are served."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started or app.state.store.state.snapshot is None:
            assert thread.is_alive()
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def visiting(browser: Browser, url: str, **choices: object) -> Iterator[Page]:
    """Open a page that reaches only its server; an error of a script fails the test."""
    faults: list[str] = []
    context = browser.new_context(base_url=url, **{"locale": "en-GB", **choices})
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda request: request.url.startswith((url, "blob:")) or faults.append(request.url),
    )
    page.on(
        "console",
        lambda message: "Content Security" in message.text and faults.append(message.text),
    )
    yield page
    context.close()
    assert not faults
