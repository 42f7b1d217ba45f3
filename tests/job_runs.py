"""A step run in this process, as its command line runs it."""

from datetime import UTC, datetime
from typing import Any

from cli.command import Job, outcome
from lakehouse.context import Context
from lakehouse.settings import JobSettings

NOW = datetime(2020, 6, 1, 12, tzinfo=UTC)


def run(job: Job, *arguments: object, now: datetime = NOW) -> tuple[int, dict[str, Any]]:
    """Run a step; returns its exit code and the fields of its result line."""
    parsed = job.parser().parse_args([str(argument) for argument in arguments])
    return outcome(job, Context(JobSettings(), job.name, now), parsed)
