"""A writable file in memory, whose bytes are taken out while a writer goes on."""


class ByteQueue:
    """Takes bytes from a writer (Arrow, Parquet) and hands them on in blocks."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._written = 0

    def write(self, data: bytes) -> int:
        """Append bytes."""
        part = bytes(data)
        self._parts.append(part)
        self._written += len(part)
        return len(part)

    def tell(self) -> int:
        """Return how many bytes were written so far."""
        return self._written

    def flush(self) -> None:
        """Do nothing: bytes are taken by ``take``."""

    def close(self) -> None:
        """Do nothing: the bytes written last are still to be taken."""

    def take(self) -> bytes:
        """Return the bytes written since the last call."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken
