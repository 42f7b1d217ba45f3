"""Request rates: a sliding window for each caller, shared by the workers of a server.

The counts are in one memory-mapped file. Each worker writes its own cells only and reads all, so
that no request waits for a lock; workers that count the same caller at the same moment may allow
``workers - 1`` requests too many in a window.
"""

import fcntl
import mmap
import struct
import weakref
from dataclasses import dataclass
from hashlib import blake2b
from io import FileIO
from math import ceil
from pathlib import Path
from time import monotonic
from typing import NamedTuple

# Callers counted at once. In a full table a new caller takes the place of the longest silent one.
SLOTS = 1 << 14
PROBES = 8
NAME = struct.Struct("Q")
# Number of the window, requests in it, requests in the window before it.
CELL = struct.Struct("QII")


@dataclass(frozen=True)
class Rate:
    """Allowed requests in any window."""

    requests: int
    seconds: int


class Quota(NamedTuple):
    """What a caller has left after a request.

    Attributes:
        is_exceeded: whether the request must be refused; such a request does not count.
        remaining: requests that would be allowed now.
        reset: seconds until more requests are allowed.
    """

    is_exceeded: bool
    remaining: int
    reset: int


@dataclass(slots=True)
class Count:
    """A caller's requests in this worker.

    Attributes:
        name: of the caller in the file.
        offset: of the caller's slot.
        window: number of the window that ``current`` counts.
        current: requests in the window.
        previous: requests in the window before it.
    """

    name: int
    offset: int
    window: int
    current: int
    previous: int

    def advance(self, window: int) -> None:
        """Begin a later window."""
        self.previous = self.current if window == self.window + 1 else 0
        self.window, self.current = window, 0


class SharedRates:
    """The counts of all callers, in a file that the workers of one server share."""

    def __init__(self, folder: Path, rate: Rate, workers: int = 1) -> None:
        """Open the counts of a server.

        Args:
            folder: a folder of the server, empty at its start.
            rate: allowed requests of each caller.
            workers: processes that count; each takes a number that it keeps until it ends.
        """
        self.rate = rate
        self._is_shared = workers > 1
        self._slot = struct.Struct("Q" + "QII" * workers)
        self._claim, self._worker = claim_number(folder, workers)
        self._cell = NAME.size + self._worker * CELL.size
        self._file = FileIO(folder / "rates", "a+")
        self._file.truncate(SLOTS * self._slot.size)
        self._map = mmap.mmap(self._file.fileno(), SLOTS * self._slot.size)
        self._counts: dict[str, Count] = {}
        self._closing = weakref.finalize(self, close_all, self._map, self._file, self._claim)

    def close(self) -> None:
        """Close the file and return the number of the worker."""
        self._closing()

    def hit(self, caller: str, now: float | None = None) -> Quota:
        """Count a request of a caller, unless the caller has none left.

        Args:
            caller: a key's id or an address.
            now: seconds of the clock that the workers share; None: the current time.
        """
        seconds = self.rate.seconds
        number, elapsed = divmod(monotonic() if now is None else now, seconds)
        window = int(number)
        count = self._counts.get(caller) or self._open(caller)
        if count.window != window:
            count.advance(window)
        current, previous = count.current, count.previous
        if self._is_shared:
            others = self._count_others(count)
            current, previous = current + others[0], previous + others[1]
        left = self.rate.requests - current - previous * (1 - elapsed / seconds)
        reset = ceil(seconds - elapsed)
        if left < 1:
            return Quota(True, 0, reset)
        count.current += 1
        cell = count.offset + self._cell
        CELL.pack_into(self._map, cell, window, count.current, count.previous)
        return Quota(False, int(left - 1), reset)

    def _count_others(self, count: Count) -> tuple[int, int]:
        """Sum a caller's requests in the other workers, in this window and in the one before."""
        values = self._slot.unpack_from(self._map, count.offset)
        if values[0] != count.name:
            # Another worker gave the slot to another caller.
            count.offset = self._place(count.name)
            values = self._slot.unpack_from(self._map, count.offset)
        current = previous = 0
        for worker in range(len(values) // 3):
            window, in_window, before = values[1 + 3 * worker : 4 + 3 * worker]
            if worker == self._worker:
                continue
            if window == count.window:
                current, previous = current + in_window, previous + before
            elif window == count.window - 1:
                previous += in_window
        return current, previous

    def _open(self, caller: str) -> Count:
        """Open the count of a caller, where a worker with this number left off."""
        if len(self._counts) >= SLOTS:
            self._counts.clear()
        name = int.from_bytes(blake2b(caller.encode(), digest_size=8).digest(), "little") or 1
        offset = self._place(name)
        count = Count(name, offset, *CELL.unpack_from(self._map, offset + self._cell))
        self._counts[caller] = count
        return count

    def _place(self, name: int) -> int:
        """Return the slot of a name; a new name takes the slot that was silent longest.

        A lock, as workers may place names at the same time.
        """
        places = [(name + probe) % SLOTS * self._slot.size for probe in range(PROBES)]
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            slots = {offset: self._slot.unpack_from(self._map, offset) for offset in places}
            for offset, values in slots.items():
                if values[0] == name:
                    return offset
            silent = min(places, key=lambda offset: max(slots[offset][1::3]))
            self._slot.pack_into(self._map, silent, name, *[0] * (len(slots[silent]) - 1))
            return silent
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)


def claim_number(folder: Path, workers: int) -> tuple[FileIO, int]:
    """Claim the smallest free number of a worker, which the system frees when the process ends.

    Raises:
        RuntimeError: more processes than workers; a defect of the program.
    """
    for number in range(workers):
        file = FileIO(folder / f"worker-{number}", "a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
        else:
            return file, number
    raise RuntimeError(f"{folder}: more than {workers} workers count requests.")


def close_all(*resources: FileIO | mmap.mmap) -> None:
    """Close files and maps."""
    for resource in resources:
        resource.close()
