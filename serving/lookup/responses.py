"""Answers as bytes: whole, in blocks, or none where the client has the current one (RFC 9110)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus

from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from serving.lookup.view import Headers


class PlainResponse(Response):
    """A response whose headers are bytes already: starlette would encode them for every answer."""

    def __init__(self, body: bytes, headers: Headers, status: int = HTTPStatus.OK) -> None:
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = list(headers)
        if status != HTTPStatus.NOT_MODIFIED:
            self.raw_headers.append((b"content-length", b"%d" % len(body)))

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the response."""
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body})


class BlockResponse(StreamingResponse):
    """A response whose blocks threads render, so that other requests are answered between them."""

    def __init__(self, blocks: Iterator[bytes | memoryview], headers: Headers) -> None:
        super().__init__(in_threads(blocks))
        self.raw_headers = list(headers)


async def in_threads(blocks: Iterator[bytes | memoryview]) -> AsyncIterator[bytes | memoryview]:
    """Yield blocks, each rendered in a thread."""
    while (block := await asyncio.to_thread(next, blocks, None)) is not None:
        yield block


def unchanged(headers: Headers) -> Response:
    """Answer that the client has the current answer, status 304."""
    kept = [header for header in headers if header[0] != b"content-type"]
    return PlainResponse(b"", kept, HTTPStatus.NOT_MODIFIED)


def is_current(if_none_match: str | None, etag: str) -> bool:
    """Return whether the client already has the current answer.

    Args:
        if_none_match: the request's If-None-Match header; None: the request has no such header.
        etag: entity tag of the current answer.
    """
    if if_none_match is None:
        return False
    tags = {entry.strip().removeprefix("W/") for entry in if_none_match.split(",")}
    return not tags.isdisjoint({"*", etag})
