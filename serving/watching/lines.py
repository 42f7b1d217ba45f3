"""Lines of the log about requests and lookups, written in batches."""

import asyncio
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from lakehouse.ecs import ECS_VERSION, Fields
from serving.exchange import Exchange, Lookup
from serving.watching.ecs import SERVICE, base, render

# A write for each line takes longer than the line; a kill -9 loses the lines of this time.
BATCH_SECONDS = 0.25
# A pipe that several workers write to keeps writes of this size whole (PIPE_BUF of Linux).
BATCH_BYTES = 4096
MOST_OF_PATH = 1024


class LineWriter:
    """Collects lines and writes them together."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        # Not a list: 500 small texts kept take ten times as long to allocate as to render.
        self._batch = bytearray()

    def add(self, line: bytes) -> None:
        """Add a line, which is written within ``BATCH_SECONDS``."""
        if len(self._batch) + len(line) > BATCH_BYTES:
            self.flush()
        if not self._batch:
            asyncio.get_running_loop().call_later(BATCH_SECONDS, self.flush)
        self._batch += line

    def flush(self) -> None:
        """Write the lines collected."""
        if self._batch:
            self._write(bytes(self._batch))
            self._batch.clear()


def request_line(scope: Mapping[str, Any], exchange: Exchange, route: str, seconds: float) -> bytes:
    """Write the line of a request; neither query nor header, in which a secret might be.

    Args:
        scope: of the request.
        exchange: of the request, which has ended.
        route: template of the path.
        seconds: duration of the exchange.
    """
    status, client = exchange.status, scope.get("client")
    has_failed = status >= 500
    # One literal, as this runs for each request: merging dictionaries takes three times as long.
    fields: Fields = {
        "@timestamp": datetime.now(UTC),
        "log.level": "error" if has_failed else "info",
        "message": f"{scope['method']} {route} {status}",
        "ecs.version": ECS_VERSION,
        "service.name": SERVICE,
        "event.dataset": "shopcast-api.access",
        "event.duration": int(seconds * 1e9),
        "event.outcome": "failure" if has_failed else "success",
        "http.request.id": exchange.request_id,
        "http.request.method": scope["method"],
        "http.response.status_code": status,
        "http.response.body.bytes": exchange.sent_bytes,
        "url.path": scope["path"][:MOST_OF_PATH],
        "client.address": client[0] if client else "unknown",
    }
    if exchange.user_id is not None:
        fields["user.id"] = exchange.user_id
    if exchange.trace_id is not None:
        fields["trace.id"] = exchange.trace_id
    return render(fields)


def lookup_line(lookup: Lookup, result: str, exchange: Exchange) -> bytes:
    """Write the line of a lookup; fields that ECS does not know are below ``shopcast``."""
    fields = base("info", f"lookup: {result}", f"{SERVICE}.lookups")
    fields["http.request.id"] = exchange.request_id
    fields["shopcast"] = {"result": result, **lookup._asdict()}
    return render(fields)


def is_sampled(share: float) -> bool:
    """Draw whether a lookup gets a line.

    Args:
        share: of lookups that get one, 0 to 1.
    """
    return share > 0 and random.random() < share
