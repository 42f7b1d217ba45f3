"""Lines of the log about requests and predictions, written in batches."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from serving.exchange import Exchange, current
from serving.watching.ecs import SERVICE, base, render

# A write for each line costs more than the line; a kill -9 loses the lines of this time.
BATCH_SECONDS = 0.25
BATCH_LINES = 500


class LineWriter:
    """Collects lines and writes them together."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._lines: list[bytes] = []

    def add(self, line: bytes) -> None:
        """Add a line, which is written within ``BATCH_SECONDS``."""
        if not self._lines:
            asyncio.get_running_loop().call_later(BATCH_SECONDS, self.flush)
        self._lines.append(line)
        if len(self._lines) >= BATCH_LINES:
            self.flush()

    def flush(self) -> None:
        """Write the lines collected."""
        lines, self._lines = self._lines, []
        if lines:
            self._write(b"".join(lines))


@dataclass(frozen=True)
class Prediction:
    """A lookup, as a line of the log shows it.

    Attributes:
        version: served forecast version; None: nothing is served.
        result: forecast or unknown.
        rung: history that the forecast rests on; None: no forecast.
        units: of the first month; None: no forecast.
    """

    shop_id: str
    item_id: str
    version: str | None
    result: str
    rung: str | None = None
    units: float | None = None


def request_line(scope: Mapping[str, Any], exchange: Exchange, route: str) -> bytes:
    """Write the line of a request; neither query nor header, in which a secret might be."""
    seconds = perf_counter() - exchange.began
    client = scope.get("client")
    status = exchange.status
    level = "error" if status >= 500 else "info"
    fields = base(level, f"{scope['method']} {route} {status}", f"{SERVICE}.access")
    fields["event.duration"] = int(seconds * 1e9)
    fields["event.outcome"] = "failure" if status >= 500 else "success"
    fields["http.request.id"] = exchange.request_id
    fields["http.request.method"] = scope["method"]
    fields["http.response.status_code"] = status
    fields["http.response.body.bytes"] = exchange.sent_bytes
    fields["url.path"] = scope["path"]
    fields["client.address"] = client[0] if client else None
    fields["user.id"] = exchange.user_id
    fields["trace.id"] = exchange.trace_id
    return render(fields)


def prediction_line(prediction: Prediction) -> bytes:
    """Write the line of a lookup; fields of our own are below ``shopcast``."""
    fields = base("info", f"lookup: {prediction.result}", f"{SERVICE}.predictions")
    if (exchange := current.get()) is not None:
        fields |= {"http.request.id": exchange.request_id, "trace.id": exchange.trace_id}
    names = ("shop_id", "item_id", "version", "result", "rung", "units")
    fields["shopcast"] = {name: getattr(prediction, name) for name in names}
    return render(fields)


def is_sampled(share: float) -> bool:
    """Draw whether a lookup gets a line.

    Args:
        share: of lookups that get one, 0 to 1.
    """
    return share > 0 and random.random() < share
