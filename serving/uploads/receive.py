"""Reception of a body: streamed to a file, within limits of size and time."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

from serving.uploads.limits import Limits


class TooLargeError(Exception):
    """Exception of a body with more bytes than are allowed."""


class TooSlowError(Exception):
    """Exception of a body that brings too few bytes, or takes too long."""


async def receive_body(
    chunks: AsyncIterator[bytes], path: Path, offset: int, limits: Limits
) -> None:
    """Append a body to a file, piece by piece; what was received stays where the rest does not.

    Args:
        chunks: the body.
        path: the file.
        offset: bytes of the file that stay; later ones are cut off first.
        limits: most bytes of the file, and the time to receive it.

    Raises:
        TooLargeError: there are more bytes than the limits allow.
        TooSlowError: the body brings fewer bytes in a window of time than the limits demand.
        ClientDisconnect: the connection was cut.
    """
    size = offset
    pace = Pace(limits)
    with path.open("r+b" if path.exists() else "wb") as file:
        file.seek(offset)
        file.truncate()
        while True:
            try:
                async with asyncio.timeout(pace.patience()):
                    chunk = await anext(chunks, None)
            except TimeoutError:
                raise TooSlowError from None
            if chunk is None:
                return
            size += len(chunk)
            if size > limits.body_bytes:
                raise TooLargeError
            pace.count(len(chunk))
            file.write(chunk)


class Pace:
    """Watches that a body brings enough bytes in each window of time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._started = self._window_start = time.monotonic()
        self._bytes = 0

    def patience(self) -> float:
        """Return for how many seconds the next bytes may still be waited for."""
        now = time.monotonic()
        whole = self._started + self._limits.seconds - now
        return max(0.0, min(self._window_start + self._limits.window - now, whole))

    def count(self, size: int) -> None:
        """Count bytes.

        Raises:
            TooSlowError: a window ends with too few bytes, or the body takes too long.
        """
        self._bytes += size
        now = time.monotonic()
        if now - self._started > self._limits.seconds:
            raise TooSlowError
        if self._bytes >= self._limits.window_bytes:
            self._window_start, self._bytes = now, 0
        elif now - self._window_start > self._limits.window:
            raise TooSlowError
