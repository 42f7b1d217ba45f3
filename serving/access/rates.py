"""Request rates: a sliding window for each caller, shared by the workers of a server.

The counts are in one memory-mapped file. Each worker writes its own cells only and reads all, so
that no request waits for a lock; workers that count the same caller at the same moment may allow
``workers - 1`` requests too many in a window.
"""

import fcntl
import mmap
import struct
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from io import FileIO
from math import ceil
from pathlib import Path
from time import monotonic

# Callers counted at once. In a full table a new caller takes the place of the longest silent one.
SLOTS = 1 << 14
PROBES = 8
# The first slot stays empty, so that no caller's name is found there.
NOWHERE = (-1, 0)
NAME = struct.Struct("Q")
# Number of the window, requests in it, requests in the window before it.
CELL = struct.Struct("QII")


@dataclass(frozen=True)
class Rate:
    """Allowed requests in any window."""

    requests: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Quota:
    """What a caller has left after a request.

    Attributes:
        is_exceeded: whether the request must be refused; such a request does not count.
        remaining: requests that would be allowed now.
        reset: seconds until more requests are allowed.
    """

    is_exceeded: bool
    remaining: int
    reset: int


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
        self._slot = struct.Struct("Q" + "QII" * workers)
        self._claim, worker = claim_number(folder, workers)
        self._own = NAME.size + worker * CELL.size
        self._file = FileIO(folder / "rates", "a+")
        self._file.truncate((1 + SLOTS) * self._slot.size)
        self._map = mmap.mmap(self._file.fileno(), (1 + SLOTS) * self._slot.size)
        self._places: dict[str, tuple[int, int]] = {}
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
        window, elapsed = divmod(monotonic() if now is None else now, seconds)
        number = int(window)
        offset, values = self._slot_of(caller)
        current, previous = count_windows(values, number)
        left = self.rate.requests - current - previous * (1 - elapsed / seconds)
        if left < 1:
            return Quota(True, 0, ceil(seconds - elapsed))
        self._write(offset, number)
        return Quota(False, int(left - 1), ceil(seconds - elapsed))

    def _slot_of(self, caller: str) -> tuple[int, tuple[int, ...]]:
        """Return the place of a caller and the numbers there; the caller is added if unknown."""
        name, offset = self._places.get(caller, NOWHERE)
        values = self._slot.unpack_from(self._map, offset)
        if values[0] != name:
            name, offset = self._find(caller)
            values = self._slot.unpack_from(self._map, offset)
        return offset, values

    def _write(self, offset: int, number: int) -> None:
        own = offset + self._own
        window, current, previous = CELL.unpack_from(self._map, own)
        if window != number:
            previous = current if window == number - 1 else 0
            current = 0
        CELL.pack_into(self._map, own, number, current + 1, previous)

    def _find(self, caller: str) -> tuple[int, int]:
        """Find or add a caller in the file, and remember the place."""
        name = int.from_bytes(blake2b(caller.encode(), digest_size=8).digest(), "little") or 1
        size = self._slot.size
        places = [(1 + (name + probe) % SLOTS) * size for probe in range(PROBES)]
        names = {NAME.unpack_from(self._map, offset)[0]: offset for offset in places}
        offset = names.get(name) or self._add(name, places)
        if len(self._places) >= SLOTS:
            self._places.clear()
        self._places[caller] = name, offset
        return name, offset

    def _add(self, name: int, places: Sequence[int]) -> int:
        """Give a caller the place that was silent longest; a lock, as workers may add at once."""
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


def count_windows(values: Sequence[int], number: int) -> tuple[int, int]:
    """Sum a caller's requests over the workers: in a window, and in the window before it.

    Args:
        values: a slot: the name, then window, requests and earlier requests of each worker.
        number: number of the window.
    """
    current = previous = 0
    for cell in range(1, len(values), 3):
        if values[cell] == number:
            current += values[cell + 1]
            previous += values[cell + 2]
        elif values[cell] == number - 1:
            previous += values[cell + 1]
    return current, previous


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
