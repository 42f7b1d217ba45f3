"""Commit files of a Delta log, read without opening the table, so that any thread may do so."""

import json
from dataclasses import dataclass

from pyarrow.fs import FileSystem

from lakehouse.lake import Lake
from lakehouse.storage import filesystem
from lakehouse.table import Table
from lakehouse.whole_files import read_file

LOG = "_delta_log"


@dataclass(frozen=True)
class Commit:
    """A commit of a Delta log: its time, and whether it changed rows.

    Attributes:
        time: when the commit was made, seconds since 1970 (UTC); 0: not recorded.
        changes_rows: whether the commit changed rows; False for compaction and properties.
    """

    time: float
    changes_rows: bool


def commit_name(version: int) -> str:
    """Return the path of the commit file that made a version, below the table."""
    return f"{LOG}/{version:020}.json"


def commit_lines(files: FileSystem, version: int) -> list[bytes]:
    """Read the lines of a commit file; each is an action as JSON.

    Args:
        files: the table's file system.
        version: the version that the commit made.

    Raises:
        FileNotFoundError: no such commit, or deleted from the log.
    """
    with files.open_input_file(commit_name(version)) as stream:
        lines: list[bytes] = stream.read().splitlines()
    return lines


def read_commit(lake: Lake, table: Table, version: int) -> Commit | None:
    """Read the commit that made a version; None: no such version, or deleted from the log."""
    try:
        lines = commit_lines(filesystem(lake.uri(table)), version)
    except FileNotFoundError:
        return None
    actions = [json.loads(line) for line in lines if line.strip()]
    times = [action["commitInfo"]["timestamp"] for action in actions if "commitInfo" in action]
    files_named = [action[kind] for action in actions for kind in ("add", "remove", "cdc")
                   if kind in action]  # fmt: skip
    changes = any(file.get("dataChange", True) for file in files_named)
    return Commit(min(times, default=0) / 1000, changes)


def last_checkpoint(lake: Lake, table: Table) -> int:
    """Return the version of a table's last checkpoint; 0: the log has no checkpoint."""
    text = read_file(f"{lake.uri(table)}/{LOG}", "_last_checkpoint")
    return int(json.loads(text)["version"]) if text else 0


def first_change(lake: Lake, table: Table, after: int) -> float | None:
    """Return when rows first changed after a version, seconds since 1970; None: unchanged."""
    version = after + 1
    if read_commit(lake, table, version) is None:
        # Delta deletes old commits from the log, but none since the last checkpoint.
        version = max(version, last_checkpoint(lake, table))
    while (commit := read_commit(lake, table, version)) is not None:
        if commit.changes_rows:
            return commit.time
        version += 1
    return None
