"""Runs of commands: rows of gold.job_runs, and the way back from a forecast to its sales."""

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import cached_property

import pyarrow as pa

from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.delta.observed import run_of
from lakehouse.lake import Lake
from lakehouse.tables.gold import FORECAST_VERSIONS
from lakehouse.tables.runs import JOB_RUNS
from lakehouse.tables.silver import DAILY_SALES

RUNNING, KILLED = "running", "killed"


@dataclass(frozen=True)
class JobRun:
    """A row of gold.job_runs; the table's column comments describe the fields."""

    run: str
    command: str
    arguments: str
    parent: str | None
    program: str
    process: str
    started_at: datetime
    ended_at: datetime | None = None
    seconds: float | None = None
    status: str = RUNNING
    exit_code: int | None = None
    rows: int | None = None
    inputs: str | None = None
    outputs: str | None = None
    result: str | None = None

    @cached_property
    def reads(self) -> Mapping[str, int]:
        """Table → version that the run read; empty while the run is running."""
        return dict(json.loads(self.inputs or "{}"))

    @cached_property
    def writes(self) -> Mapping[str, int]:
        """Table → last version that the run made; empty while the run is running."""
        return dict(json.loads(self.outputs or "{}"))


NAMES = tuple(field.name for field in fields(JobRun))


def append_job_run(lake: Lake, row: JobRun) -> None:
    """Append a row to gold.job_runs."""
    append_rows(lake, JOB_RUNS, pa.Table.from_pylist([asdict(row)], JOB_RUNS.schema))


def read_job_runs(lake: Lake) -> list[JobRun]:
    """Read the newest row of every run, the newest run first; empty: no run was recorded."""
    if not log.exists(lake, JOB_RUNS):
        return []
    rows = [JobRun(**row) for row in read_table(lake, JOB_RUNS, NAMES).to_pylist()]
    newest = {row.run: row for row in sorted(rows, key=lambda row: row.status != RUNNING)}
    return sorted(newest.values(), key=lambda row: row.run, reverse=True)


@dataclass(frozen=True)
class Trace:
    """The way back from a forecast version to the sales that the version rests on.

    Attributes:
        steps: the runs that made the forecasts or what they were made from, the newest first.
        sales_version: version of silver.daily_sales that the features were computed from; None:
            not recorded, as where a stream that still runs computed them.
    """

    steps: Sequence[JobRun]
    sales_version: int | None


def trace_forecast(lake: Lake, version: str) -> Trace | None:
    """Trace a forecast version back to its sales by the recorded runs.

    Args:
        lake: the lake that has the version.
        version: name of the forecast version.

    Returns:
        The trace; None: the run that published the version was not recorded.
    """
    runs = read_job_runs(lake)
    first = next((run for run in runs if publishes(run, version)), None)
    if first is None:
        return None
    makers, steps, waiting = Makers.of(lake, runs), dict[str, JobRun](), [first]
    while waiting:
        step = waiting.pop()
        if step.run not in steps:
            steps[step.run] = step
            waiting += makers.of_inputs(step)
    ordered = sorted(steps.values(), key=lambda step: step.run, reverse=True)
    return Trace(ordered, next(sales_versions(ordered), None))


def publishes(run: JobRun, version: str) -> bool:
    """Return whether a run published a forecast version."""
    is_publication = FORECAST_VERSIONS.path in run.writes
    return is_publication and json.loads(run.result or "{}").get("version") == version


def sales_versions(steps: Sequence[JobRun]) -> Iterator[int]:
    """Yield the versions of silver.daily_sales that runs read to compute features."""
    for step in steps:
        has_features = any(path.startswith("gold/features_") for path in step.writes)
        if has_features and DAILY_SALES.path in step.reads:
            yield step.reads[DAILY_SALES.path]


@dataclass(frozen=True)
class Makers:
    """The runs that made the versions of a lake's tables.

    Attributes:
        lake: the lake.
        by_id: id → run.
        by_table: table → the runs that made versions of the table, by their last versions.
    """

    lake: Lake
    by_id: Mapping[str, JobRun]
    by_table: Mapping[str, Sequence[JobRun]]

    @classmethod
    def of(cls, lake: Lake, runs: Sequence[JobRun]) -> "Makers":
        """Index the runs of a lake."""
        by_table: dict[str, list[JobRun]] = {}
        for run in runs:
            for path in run.writes:
                by_table.setdefault(path, []).append(run)
        for path, made in by_table.items():
            made.sort(key=lambda run: run.writes[path])
        return cls(lake, {run.run: run for run in runs}, by_table)

    def of_inputs(self, step: JobRun) -> Iterator[JobRun]:
        """Yield the runs that made the table versions that a run read."""
        for path, version in step.reads.items():
            maker = self.of_version(path, version)
            if maker is not None:
                yield maker

    def of_version(self, path: str, version: int) -> JobRun | None:
        """Return the run that made a version of a table; None: not recorded."""
        made = self.by_table.get(path, ())
        count = bisect_right(made, version, key=lambda run: run.writes[path])
        maker = made[count - 1] if count else None
        if maker is None or maker.writes[path] < version:
            # A run that has not ended has no outputs yet, but the commit names the run.
            maker = self.by_id.get(run_of(f"{self.lake.root}/{path}", version) or "", maker)
        return maker
