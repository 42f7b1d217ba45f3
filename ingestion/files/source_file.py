"""One source file, opened by its exact name: no reader takes the name for a pattern or a URI."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyarrow.fs import FileType, LocalFileSystem

from lakehouse.errors import SourceError
from lakehouse.storage import filesystem, is_local, local_path

# Local clocks tick every few milliseconds, the times of object stores and old servers in seconds.
TICK = 0.02
COARSE_TICK = 2.0
BILLION = 1_000_000_000


@dataclass(frozen=True)
class Known:
    """A file that an earlier run read whole: the stamp that it had, and its digest."""

    stamp: str
    digest: str


def open_source(uri: str) -> Any:
    """Open a file of a normal URI for reading at any place."""
    if is_local(uri):
        return LocalFileSystem().open_input_file(str(local_path(uri)))
    folder, _, name = uri.rpartition("/")
    return filesystem(folder).open_input_file(name)


def file_stamp(uri: str) -> str:
    """Return what changes whenever a file is written: its size and times; empty: it is gone.

    A file that was written within one tick of the clock is waited for: written again at once, it
    would keep its time.
    """
    size, written_at, stamp = file_times(uri)
    is_coarse = not is_local(uri) or written_at % BILLION == 0
    tick, age = COARSE_TICK if is_coarse else TICK, time.time() - written_at / BILLION
    if size < 0 or age < 0 or age > tick:
        return stamp
    time.sleep(tick - age)
    return file_times(uri)[2]


def file_times(uri: str) -> tuple[int, int, str]:
    """Return a file's size, -1 where there is none, when it was written, ns, and its stamp."""
    if is_local(uri):
        try:
            found = local_path(uri).stat()
        except FileNotFoundError:
            return -1, 0, ""
        # What keeps a file's time of writing, as cp -p does, does not keep that of its change.
        stamp = f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
        return found.st_size, found.st_mtime_ns, stamp
    folder, _, name = uri.rpartition("/")
    info = filesystem(folder).get_file_info(name)
    if info.type != FileType.File:
        return -1, 0, ""
    return info.size, info.mtime_ns or 0, f"{info.size} {info.mtime_ns}"


@contextmanager
def unchanged(uri: str, stamp: str) -> Iterator[None]:
    """Refuse what was done with a file that is no longer the one that was checked.

    Raises:
        SourceError: it was written to, or removed, since; the first cause of any other error too.
    """
    try:
        yield
    except Exception as error:
        require_unchanged(uri, stamp, error)
        raise
    require_unchanged(uri, stamp)


def require_unchanged(uri: str, stamp: str, cause: Exception | None = None) -> None:
    """Check that a file still has the stamp that it was checked with."""
    if file_times(uri)[2] != stamp:
        raise SourceError(
            f"{uri}: changed while it was read; run again when it is complete."
        ) from cause
