"""FastAPI dependencies: settings, clock and served snapshot, passed to the routes."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, cast

from fastapi import Depends, Request

from serving.problems import not_ready
from serving.settings import ServingSettings
from serving.snapshot import Snapshot
from serving.store import State, Store

Clock = Callable[[], datetime]


def settings_of(request: Request) -> ServingSettings:
    """Return the application's settings."""
    return cast(ServingSettings, request.app.state.settings)


def state_of(request: Request) -> State:
    """Return the current state of the store; a request reads the state only once."""
    return cast(Store, request.app.state.store).state


def today_of(request: Request) -> date:
    """Return today's date by the application's clock."""
    return cast(Clock, request.app.state.clock)().date()


Settings = Annotated[ServingSettings, Depends(settings_of)]
Now = Annotated[State, Depends(state_of)]
Today = Annotated[date, Depends(today_of)]


def snapshot_of(state: Now, settings: Settings) -> Snapshot:
    """Return the currently served snapshot.

    Raises:
        ProblemError: nothing is served (status 503); the detail gives the reason.
    """
    if state.snapshot is None:
        raise not_ready(state.fault or "Nothing is served.", settings.refresh_seconds)
    return state.snapshot


Served = Annotated[Snapshot, Depends(snapshot_of)]
