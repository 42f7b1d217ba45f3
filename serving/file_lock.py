"""File lock: what one process at a time may hold; a process that is killed lets go."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Whoever looks whether a lock is held holds the lock for a moment.
LOOKS, LOOK_SECONDS = 4, 0.01


class BusyError(Exception):
    """Exception of a lock that another request or process holds."""


@contextmanager
def hold_lock(folder: Path) -> Iterator[int]:
    """Hold the lock of a folder while a block runs; yield the lock's descriptor.

    Create the folder, which this user alone may read, if it does not exist.

    Raises:
        BusyError: another request or process holds the lock.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        require_lock(lock)
        yield lock
    finally:
        os.close(lock)


def is_locked(folder: Path) -> bool:
    """Return whether a request or process holds the lock of a folder."""
    try:
        with hold_lock(folder):
            return False
    except BusyError:
        return True


def require_lock(file: int) -> None:
    """Lock an open file; wait for others that only look whether the file is locked.

    Args:
        file: descriptor; the lock is held until the last copy of the descriptor is closed.

    Raises:
        BusyError: another request or process holds the lock.
    """
    for _ in range(LOOKS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_SECONDS)
        else:
            return
    raise BusyError
