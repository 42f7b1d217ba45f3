"""Damage: which file of a table's log cannot be read, and what to do about it."""

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
    """Write what is damaged of a table's log as a sentence: the file, why and the remedy.

    Args:
        uri: the table's URI.
        error: why the table cannot be opened.
    """
    files = filesystem(uri)
    infos = files.get_file_info(FileSelector(LOG, allow_not_found=True))
    names = sorted(info.base_name for info in infos if info.is_file)
    found = dict(damaged(files, names))
    if not found:
        return f"{uri}/{LOG}: the log cannot be read ({first_line(error)}); {FROM_COPY}."
    remedy = FROM_COMMITS if is_readable(names, found) else FROM_COPY
    listed = ", ".join(f"{name} ({why})" for name, why in found.items())
    return f"{uri}/{LOG}: damaged is {listed}; {remedy}."


def damaged(files: FileSystem, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """List the files of a log that cannot be read, and why.

    A file that says which checkpoint is the last is no damage where nobody can read it.
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
    """Check that a commit is lines of JSON.

    Raises:
        ValueError: it is not.
    """
    with files.open_input_stream(path) as stream:
        lines = stream.read().splitlines()
    if not lines:
        raise ValueError("empty")
    for line in lines:
        json.loads(line)


def require_named(files: FileSystem, path: str, names: Sequence[str]) -> None:
    """Check that the checkpoint which is said to be the last is there.

    Raises:
        ValueError: it is not.
    """
    with files.open_input_stream(path) as stream, suppress(ValueError, LookupError, TypeError):
        version = int(json.loads(stream.read())["version"])
        if version not in checkpoints(names):
            raise MissingError(f"checkpoint {version}, which it names, is missing")


class MissingError(OSError):
    """A checkpoint that another file names is not there."""


def checkpoints(names: Iterable[str]) -> set[int]:
    """Return the versions that have a checkpoint."""
    return {int(name[:20]) for name in names if ".checkpoint." in name and name[:20].isdigit()}


def is_readable(names: Iterable[str], broken: Iterable[str]) -> bool:
    """Say whether the table can be read without the files of its log that are damaged."""
    fine = set(names) - set(broken)
    commits = {int(name[:20]) for name in fine if COMMIT.fullmatch(name)}
    newest = max(int(name[:20]) for name in names if name[:20].isdigit())
    return any(commits >= set(range(first + 1, newest + 1)) for first in {-1, *checkpoints(fine)})


def first_line(error: Exception) -> str:
    """Return the first line of an error's message."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
