"""FastAPI dependencies: what is served, passed to the routes."""

from typing import Annotated, cast

from fastapi import Depends, Header, Request

from serving.dependencies import Settings
from serving.lookup.snapshot import Snapshot
from serving.lookup.store import State, Store
from serving.lookup.views import Views
from serving.problems import not_ready


def state_of(request: Request) -> State:
    """Return the current state of the store; a request reads the state only once."""
    return cast(Store, request.app.state.store).state


def views_of(request: Request) -> Views:
    """Return the views that requests are answered from."""
    return cast(Views, request.app.state.views)


Now = Annotated[State, Depends(state_of)]
AllViews = Annotated[Views, Depends(views_of)]
IfNoneMatch = Annotated[
    str | None, Header(description="entity tags of answers that the client has: 304 if current")
]


def snapshot_of(state: Now, settings: Settings) -> Snapshot:
    """Return the currently served snapshot.

    Raises:
        ProblemError: nothing is served (status 503); the detail gives the reason.
    """
    if state.snapshot is None:
        raise not_ready(state.fault or "Nothing is served.", settings.refresh_seconds)
    return state.snapshot


Served = Annotated[Snapshot, Depends(snapshot_of)]
