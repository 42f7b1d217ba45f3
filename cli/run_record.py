"""Record of a command's run: rows of gold.job_runs and OpenLineage events.

A run has a row when it starts and a row when it ends. A process that is killed writes no second
row: the next command on the lake writes it, with status ``killed``. A lake that cannot take the
rows stops no command.
"""

import json
import os
import re
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cli.ending import Ending, ending_by, ending_with, last_line
from cli.lineage_events import send_event
from lakehouse.context import Context
from lakehouse.delta.observed import Observation, Opened, last_commit, observe, running
from lakehouse.finite import finite
from lakehouse.job_runs import KILLED, RUNNING, JobRun, append_job_run, read_job_runs
from lakehouse.lake import Lake
from lakehouse.profile.stored import read_marker
from lakehouse.progress import progress
from lakehouse.tables.runs import JOB_RUNS

# User and password of a URL.
CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
# A run on another host that has not ended after so long is taken for dead: no host can ask whether
# a process of another one lives.
LOST_AFTER = timedelta(hours=48)
STREAMS = ("ingest", "refresh", "local")


def record_run(
    lake: Lake, started: JobRun, work: Callable[[], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Do the work of a command, and record the run on the command's lake.

    Args:
        lake: the lake to record in; a folder without a lake gets no record.
        started: the run, as ``start_of`` returns it.
        work: does the work; returns the fields of the result line.

    Returns:
        What ``work`` returned; an exception of ``work`` is recorded and raised.
    """
    with observe(started.run) as observation:
        keep(lake, started)
        try:
            fields = work()
        except BaseException as error:
            keep(lake, end_of(lake, started, observation, ending_by(error)))
            raise
        keep(lake, end_of(lake, started, observation, ending_with(fields)))
        return fields


def start_of(context: Context, command: str, arguments: Mapping[str, Any]) -> JobRun:
    """Make the row of a run that starts; ``arguments``: values of the command line by name."""
    now = datetime.now(UTC)
    given = {name: value for name, value in arguments.items() if value is not None}
    return JobRun(
        run=f"{now:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}",
        command=command,
        arguments=CREDENTIALS.sub("…@", json.dumps(given, default=str, ensure_ascii=False)),
        parent=running[-1].run if running else None,
        program=program_version(context.settings.shopcast_revision),
        process=process_name(os.getpid()),
        started_at=now,
    )


def end_of(lake: Lake, started: JobRun, observation: Observation, ending: Ending) -> JobRun:
    """Make the row of a run that ended."""
    opened = opened_tables(lake, observation)
    outputs = versions_made(lake, observation.run, opened)
    inputs = {path: seen.first for path, seen in opened.items() if path not in outputs}
    rows, now = ending.fields.get("rows"), datetime.now(UTC)
    return replace(
        started,
        ended_at=now,
        seconds=round((now - started.started_at).total_seconds(), 1),
        status=str(ending.fields["status"]),
        exit_code=ending.exit_code,
        rows=rows if isinstance(rows, int) else None,
        inputs=json.dumps(inputs),
        outputs=json.dumps(outputs),
        result=json.dumps(finite(ending.fields), default=str, ensure_ascii=False),
    )


def opened_tables(lake: Lake, observation: Observation) -> dict[str, Opened]:
    """Return the tables of a lake that a run opened: path → versions at the openings."""
    below = f"{lake.root}/"
    opened = {
        uri.removeprefix(below): seen
        for uri, seen in observation.opened.items()
        if uri.startswith(below)
    }
    return {path: opened[path] for path in sorted(opened) if path != JOB_RUNS.path}


def versions_made(lake: Lake, run: str, opened: Mapping[str, Opened]) -> dict[str, int]:
    """Return the tables of a lake that a run changed: path → the run's last version."""
    newest = {path: last_commit(f"{lake.root}/{path}", run, seen) for path, seen in opened.items()}
    return {path: version for path, version in newest.items() if version is not None}


def keep(lake: Lake, row: JobRun) -> None:
    """Write a row of a run, and before a first row the ends of runs that were killed.

    Nothing is written where no lake is. An error becomes a progress line, and the command goes on.
    """
    try:
        if read_marker(lake) is None:
            return
        if row.status == RUNNING:
            for dead in dead_runs(lake):
                append_job_run(lake, dead)
                send_event(lake, dead)
        append_job_run(lake, row)
    except Exception as error:
        progress("gold.job_runs does not have this run: %s", last_line(error))
    send_event(lake, row)


def dead_runs(lake: Lake) -> Iterator[JobRun]:
    """Yield the ends of runs whose process died without writing one."""
    now = datetime.now(UTC)
    for run in read_job_runs(lake):
        if run.status == RUNNING and not is_alive(run, now):
            yield replace(run, status=KILLED, ended_at=now)


def is_alive(run: JobRun, now: datetime) -> bool:
    """Return whether a run's process may live; on another host it may for ``LOST_AFTER``."""
    host, number, start = run.process.rsplit(":", 2)
    if host == socket.gethostname() and start:
        return process_name(int(number)) == run.process
    return run.command in STREAMS or now - run.started_at < LOST_AFTER


def process_name(number: int) -> str:
    """Name a process of this host so that no later process has the name: host:id:start.

    The start is counted in ticks since the machine started. A process that does not live gets a
    name without a start, as does every process of a system without ``/proc``.
    """
    start = ""
    with suppress(OSError):
        # The process's name, in parentheses, may have spaces; the start is field 22.
        start = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[19]
    return f"{socket.gethostname()}:{number}:{start}"


def program_version(revision: str | None) -> str:
    """Return the version of the program, with the revision that its build was made from."""
    try:
        number = version("shopcast")
    except PackageNotFoundError:  # started from a folder or an archive without metadata
        number = "unknown"
    return f"shopcast {number}" + (f" ({revision})" if revision else "")
