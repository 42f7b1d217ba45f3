"""Deadline and size of a request's header: a uvicorn protocol, as uvicorn limits neither.

A client that sends its header byte by byte would hold its connection for ever.
"""

from asyncio import Protocol, TimerHandle, Transport
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.problems import phrase_of

MOST_HEADER_BYTES = 64 * 2**10
TOO_SLOW = HTTPStatus.REQUEST_TIMEOUT
TOO_LARGE = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


class DeadlineProtocol(HttpToolsProtocol):
    """Answers 408 or 431 and closes the connection where a header is not complete in time."""

    def __init__(self, *arguments: Any, header_seconds: float, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._header_seconds = header_seconds
        self._header_bytes = 0
        self._has_begun = False
        self._is_in_body = False
        self._timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Start the deadline of the first header."""
        super().connection_made(transport)
        self._start()

    def data_received(self, data: bytes) -> None:
        """Start the deadline of a later header that does not come as a whole, count its bytes.

        The rest of a body that was answered before its end has the deadline, too, and any size.
        """
        is_of_body = self._is_in_body
        super().data_received(data)
        if self._timer is None:
            if not (self._has_begun or self._is_idle()):
                return
            self._start()
        self._header_bytes += 0 if is_of_body else len(data)
        if self._header_bytes > MOST_HEADER_BYTES:
            self._refuse(TOO_LARGE)

    def _is_idle(self) -> bool:
        """Return whether no request is under way; the rest of an answered one's body may come."""
        return self.cycle is None or (self.cycle.response_complete and not self.cycle.more_body)

    def on_message_begin(self) -> None:
        """Begin a header."""
        self._has_begun = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """End the header and the deadline."""
        self._has_begun = False
        self._is_in_body = True
        self._stop()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a body."""
        self._is_in_body = False
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the deadline with the connection."""
        self._stop()
        super().connection_lost(exc)

    def _start(self) -> None:
        self._header_bytes = 0
        self._timer = self.loop.call_later(self._header_seconds, self._refuse, TOO_SLOW)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: HTTPStatus) -> None:
        """Close the connection; no route can answer, so that the answer has no body.

        Where no header has begun, an answer would be taken for that of the next request.
        """
        self._stop()
        if self.transport.is_closing():
            return
        if self._has_begun or self.cycle is None:
            line = f"HTTP/1.1 {status.value} {phrase_of(status)}\r\n"
            self.transport.write(
                f"{line}content-length: 0\r\nconnection: close\r\n\r\n".encode("ascii")
            )
        self.transport.close()


def protocol_of(header_seconds: float) -> type[Protocol]:
    """Return what makes uvicorn's protocols, whose headers must be complete after some seconds.

    A partial function, as uvicorn sends it to worker processes; uvicorn's types expect a class.
    """
    return cast(type[Protocol], partial(DeadlineProtocol, header_seconds=header_seconds))
