"""Journal: what is kept of each exchange, in metrics and in the log."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from serving.exchange import Exchange
from serving.watching.lines import LineWriter, is_sampled, lookup_line, request_line
from serving.watching.logs import STANDARD_ERROR
from serving.watching.metrics import FLUSH_SECONDS, OTHER, Metrics, Served
from serving.watching.settings import WatchingSettings
from watching.metrics import LOG_DROPPED, LOOKUPS

FORECAST, UNKNOWN = "forecast", "unknown"
UNMATCHED = "unmatched"
# Asked by machines at intervals: they would hide what people and systems ask.
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


@dataclass(frozen=True)
class Journal:
    """Keeps metrics and log lines.

    Attributes:
        metrics: counts of this worker.
        writer: of the log.
        logs_requests: whether each request gets a line.
        share: of lookups that get a line, 0 to 1.
    """

    metrics: Metrics
    writer: LineWriter
    logs_requests: bool
    share: float

    def record(self, scope: Mapping[str, Any], exchange: Exchange) -> None:
        """Count and log an exchange that has ended."""
        route = route_of(scope)
        seconds = perf_counter() - exchange.began
        is_quiet = route in QUIET
        self.metrics.observe(OTHER if is_quiet else route, exchange.status, seconds)
        for lookup in exchange.lookups:
            result = UNKNOWN if lookup.rung is None else FORECAST
            self.metrics.add(LOOKUPS, result, lookup.rung or "", amount=lookup.pairs)
            if is_sampled(self.share):
                self.writer.add(lookup_line(lookup, result, exchange))
        if self.logs_requests and not (is_quiet and exchange.status < 400):
            self.writer.add(request_line(scope, exchange, route, seconds))

    def flush(self) -> None:
        """Write what was counted and collected."""
        if dropped := STANDARD_ERROR.take_dropped():
            self.metrics.add(LOG_DROPPED, amount=dropped)
        self.metrics.flush()
        self.writer.flush()

    def close(self) -> None:
        """Write the rest and close the files."""
        self.writer.flush()
        STANDARD_ERROR.finish()
        self.metrics.close()


def open_journal(settings: WatchingSettings, folder: Path) -> Journal:
    """Open the journal of a worker.

    Args:
        settings: what the log has.
        folder: what the workers of the server share.
    """
    folder.mkdir(exist_ok=True)
    writer = LineWriter(STANDARD_ERROR.put)
    return Journal(Metrics(folder), writer, settings.log_requests, settings.log_predictions)


async def keep_watching(journal: Journal, served: Callable[[], Served]) -> None:
    """Write the counts and the state of what is served once a second, until cancelled."""
    while True:
        journal.metrics.set_served(served())
        journal.flush()
        await asyncio.sleep(FLUSH_SECONDS)


def route_of(scope: Mapping[str, Any]) -> str:
    """Return the template of a request's path; paths that no route has count together."""
    return str(getattr(scope.get("route"), "path", UNMATCHED))
