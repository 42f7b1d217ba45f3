"""Limits of size and time of a request's body."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

# The rest of a refused body is not wanted.
CLOSE = {"Connection": "close"}


@dataclass(frozen=True)
class BodyLimits:
    """Limits of bodies.

    Attributes:
        most_bytes: greatest body.
        seconds: longest time from the header to the last byte of the body.
        streamed: beginnings of paths whose routes read a stream, and limit it themselves.
    """

    most_bytes: int
    seconds: float
    streamed: tuple[str, ...] = ()

    def check_length(self, path: str, headers: Mapping[bytes, bytes]) -> None:
        """Refuse a body by its declared length, before a byte of it is read.

        Raises:
            HTTPException: the body is too large (413).
        """
        declared = headers.get(b"content-length", b"0")
        if int(declared) > self.most_bytes and not path.startswith(self.streamed or "\0"):
            raise self.too_large()

    def guard(self, path: str, headers: Mapping[bytes, bytes], receive: Receive) -> Receive:
        """Return a function that receives a body within the limits.

        The function raises HTTPException, with 413 for a body that is too large and 408 for one
        that takes too long; routes let it pass, so that it is answered.
        """
        has_body = b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"
        if not has_body or (self.streamed and path.startswith(self.streamed)):
            return receive
        return GuardedBody(self, receive).receive

    def too_large(self) -> HTTPException:
        """Build the error of a body that is too large."""
        return HTTPException(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The body has more than {self.most_bytes} bytes; send several requests.",
            CLOSE,
        )

    def too_slow(self) -> HTTPException:
        """Build the error of a body that takes too long."""
        return HTTPException(
            HTTPStatus.REQUEST_TIMEOUT,
            f"The body was not complete after {self.seconds:g} seconds; send the request again.",
            CLOSE,
        )


class GuardedBody:
    """Receives a body and counts its bytes and seconds."""

    def __init__(self, limits: BodyLimits, receive: Receive) -> None:
        self._limits = limits
        self._receive = receive
        self._bytes = 0
        self._is_complete = False
        self._deadline = asyncio.get_running_loop().time() + limits.seconds

    async def receive(self) -> Message:
        """Receive the next part.

        Raises:
            HTTPException: the body is too large (413) or takes too long (408).
        """
        if self._is_complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise self._limits.too_slow() from None
        self._bytes += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        if self._bytes > self._limits.most_bytes:
            raise self._limits.too_large()
        return message
