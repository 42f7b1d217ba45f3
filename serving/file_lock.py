"""File lock: what one process at a time may hold; a process that is killed lets go."""

import fcntl
import time

# Whoever looks whether a lock is held holds the lock for a moment.
LOOKS, LOOK_SECONDS = 4, 0.01


class BusyError(Exception):
    """Exception of a lock that another request or process holds."""


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
