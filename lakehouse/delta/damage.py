"""Diagnosis of damaged Delta logs: the unreadable files and the remedy."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSelector, FileSystem

from lakehouse.storage import filesystem

LOG = "_delta_log"
LAST_CHECKPOINT = "_last_checkpoint"
COMMIT = re.compile(r"\d{20}\.json")
FROM_COMMITS = (
    f"move what is damaged and {LAST_CHECKPOINT} out of that folder: the table is then read from "
    "the other files, nothing is lost, and maintain writes another checkpoint"
)
FROM_COPY = (
    "put it back from a copy of the lake, or delete the table's folder and run again the step that "
    "writes it (README: steps)"
)


def describe(uri: str, error: Exception) -> str:
    """Describe the damage of a table's log in a sentence: the files, the reasons and the remedy.

    Args:
        uri: the table's URI.
        error: the error raised when the table was opened.
    """
    files = filesystem(uri)
    infos = files.get_file_info(FileSelector(LOG, allow_not_found=True))
    names = sorted(info.base_name for info in infos if info.is_file)
    causes = dict(find_damage(files, names))
    if not causes:
        return f"{uri}/{LOG}: the log cannot be read ({first_line(error)}); {FROM_COPY}."
    remedy = FROM_COMMITS if is_readable(names, causes) else FROM_COPY
    listed = ", ".join(f"{name} ({why})" for name, why in causes.items())
    return f"{uri}/{LOG}: damaged is {listed}; {remedy}."


def find_damage(files: FileSystem, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the name of each unreadable file of a log and the reason.

    A ``_last_checkpoint`` file with unreadable content does not count as damage, but one that names
    a missing checkpoint does.
    """
    for name in names:
        try:
            if name.endswith(".parquet"):
                with files.open_input_file(f"{LOG}/{name}") as file:
                    pq.read_table(file)
            elif COMMIT.fullmatch(name):
                require_lines(files, f"{LOG}/{name}")
            elif name == LAST_CHECKPOINT:
                require_named(files, f"{LOG}/{name}", names)
        except (ValueError, OSError, pa.ArrowException) as error:
            yield name, first_line(error)


def require_lines(files: FileSystem, path: str) -> None:
    """Check that a commit file consists of lines of JSON.

    Raises:
        ValueError: the file is empty, or a line is not JSON.
    """
    with files.open_input_stream(path) as stream:
        lines = stream.read().splitlines()
    if not lines:
        raise ValueError("empty")
    for line in lines:
        json.loads(line)


def require_named(files: FileSystem, path: str, names: Sequence[str]) -> None:
    """Check that the checkpoint named in ``_last_checkpoint`` exists.

    Raises:
        MissingError: the checkpoint is missing.
    """
    with files.open_input_stream(path) as stream, suppress(ValueError, LookupError, TypeError):
        version = int(json.loads(stream.read())["version"])
        if version not in checkpoints(names):
            raise MissingError(f"checkpoint {version}, which it names, is missing")


class MissingError(OSError):
    """A checkpoint that ``_last_checkpoint`` names is missing."""


def checkpoints(names: Iterable[str]) -> set[int]:
    """Return the versions that have a checkpoint among a log's file names."""
    return {int(name[:20]) for name in names if ".checkpoint." in name and name[:20].isdigit()}


def is_readable(names: Iterable[str], broken: Iterable[str]) -> bool:
    """Return whether a table can be read from the undamaged files of its log.

    All commits since the start or since some undamaged checkpoint must be undamaged.
    """
    fine = set(names) - set(broken)
    commits = {int(name[:20]) for name in fine if COMMIT.fullmatch(name)}
    newest = max(int(name[:20]) for name in names if name[:20].isdigit())
    return any(commits >= set(range(first + 1, newest + 1)) for first in {-1, *checkpoints(fine)})


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or the error's class name if empty."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
