"""Folder with the files of versions, which every process of this machine maps."""

import fcntl
import hashlib
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakValueDictionary

from lakehouse.errors import LakeError, RefusedError
from lakehouse.lake import Lake
from serving.lookup.build_file import build_file
from serving.lookup.column_file import FORMAT, ColumnFileError, check_file, map_file
from serving.lookup.columns import Columns
from serving.lookup.versions import Version

logger = logging.getLogger("shopcast")

SUFFIX = ".columns"
# Versions below this size are built here: starting a process takes longer than building.
FEW_ROWS = 100_000
# The served version, the version before it, which pages may still be read of, and past ones.
KEPT_FILES = 4
# A partial file this old was left by a process that was killed.
ABANDONED_SECONDS = 24 * 3600


class VersionFiles:
    """The files of a lake's versions; at most one process at a time makes a file."""

    def __init__(self, lake: Lake, folder: Path) -> None:
        self._lake, self._folder = lake, folder
        self._building: subprocess.Popen[str] | None = None
        # As long as something is answered from a version, the version is not mapped again.
        self._mapped: WeakValueDictionary[Version, Columns] = WeakValueDictionary()

    def open(self, version: Version) -> Columns:
        """Map the file of a version; make the file if it is missing or damaged.

        Raises:
            LakeError: the forecasts are not to be served (``build_file``).
            OSError: the folder cannot be written.
        """
        if (mapped := self._mapped.get(version)) is not None:
            return mapped
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{self._digest(version)}{SUFFIX}"
        with locked(path.with_suffix(".lock")):
            if not is_whole(path):
                self._build(version, path)
            columns = map_file(path)
            os.utime(path)
        self._mapped[version] = columns
        self._tidy()
        return columns

    def stop(self) -> None:
        """End a process that makes a file."""
        if self._building is not None:
            self._building.terminate()

    def _digest(self, version: Version) -> str:
        key = (FORMAT, self._lake.root, version)
        return hashlib.sha256(repr(key).encode()).hexdigest()[:16]

    def _build(self, version: Version, path: Path) -> None:
        if version.rows <= FEW_ROWS:
            build_file(self._lake, version.version, version.rows, path)
            return
        given = [self._lake.root, version.version, str(version.rows), str(path)]
        command = [sys.executable, "-m", build_file.__module__, *given]
        self._building = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        _, reason = self._building.communicate()
        code, self._building = self._building.returncode, None
        if code == RefusedError.exit_code:
            raise LakeError(reason)
        if code:
            raise ChildProcessError(f"building {path} ended with exit code {code}: {reason}")

    def _tidy(self) -> None:
        """Delete the files that were not used lately; a mapped file lasts until it is unmapped."""
        files = sorted(self._folder.glob(f"*{SUFFIX}"), key=used_at, reverse=True)
        before = time.time() - ABANDONED_SECONDS
        partial = [path for path in self._folder.glob("*.partial") if used_at(path) < before]
        for path in [*files[KEPT_FILES:], *partial]:
            path.unlink(missing_ok=True)
            path.with_suffix(".lock").unlink(missing_ok=True)


def used_at(path: Path) -> float:
    """Return when a file was last opened by this class; 0: the file is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0


def is_whole(path: Path) -> bool:
    """Return whether a version's file exists and equals its checksum."""
    if not path.exists():
        return False
    try:
        check_file(path)
    except ColumnFileError as error:
        logger.warning("%s It is made again.", error)
        return False
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a version's file; the system releases the lock of a killed process."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
