"""FastAPI dependencies: settings and clock, passed to the routes."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, cast

from fastapi import Depends, Request

from serving.settings import ServingSettings

Clock = Callable[[], datetime]


def settings_of(request: Request) -> ServingSettings:
    """Return the application's settings."""
    return cast(ServingSettings, request.app.state.settings)


def today_of(request: Request) -> date:
    """Return today's date by the application's clock."""
    return cast(Clock, request.app.state.clock)().date()


Settings = Annotated[ServingSettings, Depends(settings_of)]
Today = Annotated[date, Depends(today_of)]
