"""Access to one source file by exact name: no reader takes the name for a pattern or a URI."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
from pyarrow.fs import FileType, LocalFileSystem

from lakehouse.errors import SourceError
from lakehouse.storage import filesystem, is_local, local_path

# Seconds. The file times of local disks change every few milliseconds, the times of object stores
# and old servers every second or two.
TICK = 0.02
COARSE_TICK = 2.0
BILLION = 1_000_000_000


@dataclass(frozen=True)
class Known:
    """Stamp and SHA-256 digest of a file that an earlier run read whole."""

    stamp: str
    digest: str


def open_source(uri: str) -> pa.NativeFile:
    """Open the file of a normal URI for random-access reading."""
    if is_local(uri):
        return LocalFileSystem().open_input_file(str(local_path(uri)))
    folder, _, name = uri.rpartition("/")
    return filesystem(folder).open_input_file(name)


def file_stamp(uri: str) -> str:
    """Return a file's stamp, a text of size and times that changes with every write; empty if gone.

    If the file was written less than one clock tick ago, wait for the tick to end: a second write
    within the tick would leave the file's time unchanged.
    """
    size, written_at, stamp = file_times(uri)
    is_coarse = not is_local(uri) or written_at % BILLION == 0
    tick, age = COARSE_TICK if is_coarse else TICK, time.time() - written_at / BILLION
    if size < 0 or age < 0 or age > tick:
        return stamp
    time.sleep(tick - age)
    return file_times(uri)[2]


def file_times(uri: str) -> tuple[int, int, str]:
    """Return a file's size in bytes (-1 if missing), time of writing in ns, and stamp."""
    if is_local(uri):
        try:
            status = local_path(uri).stat()
        except FileNotFoundError:
            return -1, 0, ""
        # A tool that keeps the time of writing, such as cp -p, cannot keep the time of change.
        stamp = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
        return status.st_size, status.st_mtime_ns, stamp
    folder, _, name = uri.rpartition("/")
    info = filesystem(folder).get_file_info(name)
    if info.type != FileType.File:
        return -1, 0, ""
    return info.size, info.mtime_ns or 0, f"{info.size} {info.mtime_ns}"


@contextmanager
def unchanged(uri: str, stamp: str) -> Iterator[None]:
    """Run a block, then check that a file still has the stamp of the check.

    Raises:
        SourceError: the file was written or removed since the check; also raised in place of an
            error of the block, which the change may have caused. Run again.
    """
    try:
        yield
    except Exception as error:
        require_unchanged(uri, stamp, error)
        raise
    require_unchanged(uri, stamp)


def require_unchanged(uri: str, stamp: str, cause: Exception | None = None) -> None:
    """Check that a file still has the given stamp.

    Raises:
        SourceError: the file changed or is gone; run again when the file is complete.
    """
    if file_times(uri)[2] != stamp:
        raise SourceError(
            f"{uri}: changed while it was read; run again when it is complete."
        ) from cause
