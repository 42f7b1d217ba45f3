"""The way back from the served forecasts to the sales that they rest on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from lakehouse.job_runs import JobRun, trace_forecast
from lakehouse.lake import Lake

Versions = Annotated[dict[str, int], Field(description="table → version")]


class TracedRun(BaseModel):
    """A run of a command that made the forecasts, or what they were made from."""

    run: str
    command: str
    program: Annotated[str, Field(description="version of the program")]
    status: Annotated[str, Field(description="done, running, failed and so on")]
    started_at: datetime
    ended_at: Annotated[datetime | None, Field(description="null: the run is running")]
    reads: Versions
    writes: Versions


class ForecastTrace(BaseModel):
    """The runs between the daily sales and a forecast version."""

    version: Annotated[str, Field(description="forecast version")]
    sales_version: Annotated[
        int | None,
        Field(description="version of silver.daily_sales behind the features; null: not recorded"),
    ]
    runs: Annotated[list[TracedRun], Field(description="newest first")]


def read_trace(lake: Lake, version: str) -> ForecastTrace | None:
    """Trace a forecast version; None: the run that published the version was not recorded."""
    trace = trace_forecast(lake, version)
    if trace is None:
        return None
    runs = [traced_run(step) for step in trace.steps]
    return ForecastTrace(version=version, sales_version=trace.sales_version, runs=runs)


def traced_run(step: JobRun) -> TracedRun:
    """Return what the public may see of a run: no command line, no host."""
    return TracedRun(
        run=step.run,
        command=step.command,
        program=step.program,
        status=step.status,
        started_at=step.started_at,
        ended_at=step.ended_at,
        reads=table_names(step.reads),
        writes=table_names(step.writes),
    )


def table_names(versions: Mapping[str, int]) -> dict[str, int]:
    """Name tables as SQL does: silver.daily_sales."""
    return {path.replace("/", "."): version for path, version in versions.items()}
