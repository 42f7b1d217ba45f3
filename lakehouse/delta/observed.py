"""Observed runs: which table versions a command reads, and which of a table's commits it makes.

Every commit of an observed run carries the run's id in the Delta log, where ``DESCRIBE HISTORY``
shows the id.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from lakehouse.delta.commits import commit_lines
from lakehouse.storage import filesystem

# Key of the run's id in the metadata of a commit.
RUN = "shopcast.run"
# So many of a table's newest commits are searched for a run's last one.
SEARCHED = 1000


@dataclass(frozen=True)
class Opened:
    """The versions at which a run opened a table.

    Attributes:
        first: version at the first opening.
        last: version at the last opening.
    """

    first: int
    last: int


@dataclass(frozen=True)
class Observation:
    """What a run has opened so far.

    Attributes:
        run: id of the run.
        opened: URI of a table → versions at which the run opened the table.
    """

    run: str
    opened: dict[str, Opened] = field(default_factory=dict)


# The observed runs of this process: a command, and within it the steps that the command runs.
running: list[Observation] = []


@contextmanager
def observe(run: str) -> Iterator[Observation]:
    """Observe the tables that the block opens, and mark the block's commits with a run's id."""
    observation = Observation(run)
    running.append(observation)
    try:
        yield observation
    finally:
        running.remove(observation)


def note_opened(uri: str, version: int) -> None:
    """Note that the observed runs opened a table at a version."""
    for observation in running:
        earlier = observation.opened.get(uri)
        first = version if earlier is None else earlier.first
        observation.opened[uri] = Opened(first, version)


def run_metadata() -> dict[str, str]:
    """Return the commit metadata of the innermost observed run; empty: no run is observed."""
    return {RUN: running[-1].run} if running else {}


def last_commit(uri: str, run: str, opened: Opened) -> int | None:
    """Return the newest version of a table that a run made.

    Args:
        uri: the table's URI.
        run: id of the run.
        opened: the versions at which the run opened the table.

    Returns:
        The version; None: the run made none of the last ``SEARCHED`` versions after its first
        opening.
    """
    newest = opened.last
    while read_metadata(uri, newest + 1) is not None:
        newest += 1
    for version in range(newest, max(opened.first, newest - SEARCHED), -1):
        if run_of(uri, version) == run:
            return version
    return None


def run_of(uri: str, version: int) -> str | None:
    """Return the id of the run that made a version of a table.

    Returns:
        The id; None: a commit without one, or a commit that the log no longer has.
    """
    return (read_metadata(uri, version) or {}).get(RUN)


def read_metadata(uri: str, version: int) -> Mapping[str, str] | None:
    """Read the metadata of the commit that made a version; None: no such commit in the log."""
    try:
        lines = commit_lines(filesystem(uri), version)
    except FileNotFoundError:
        return None
    for line in lines:
        if line.startswith(b'{"commitInfo"'):
            metadata: Mapping[str, str] = json.loads(line)["commitInfo"]
            return metadata
    return {}
