"""Settings of watching: what the log has."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class WatchingSettings(BaseSettings):
    """Form and contents of the log."""

    log_format: Annotated[
        Literal["ecs", "text"], Field(description="ecs: JSON of the Elastic Common Schema")
    ] = "ecs"
    log_requests: Annotated[bool, Field(description="log a line for each request")] = True
    log_predictions: Annotated[
        float, Field(ge=0, le=1, description="share of lookups that get a line of the log")
    ] = 0
