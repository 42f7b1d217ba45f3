"""Prometheus metrics of the streaming queries, served on a port, and a log line per micro-batch."""

import logging
from collections.abc import Mapping
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

logger = logging.getLogger("shopcast")
WAITING = "age of the oldest change of sales or catalogue that features do not show yet; 0: none"


class Metrics:
    """The metrics that both queries have.

    Args:
        query: name of the query, ``ingest`` or ``refresh``; part of the metrics' names.
        what: unit of the counts, ``events`` or ``rows``; part of the metrics' names.
    """

    def __init__(self, query: str, what: str) -> None:
        self.query = query
        self.total, self.count = 0, 0
        self.registry = CollectorRegistry()
        self.done = self.counter(f"{what}_total", f"{what} processed")
        self.batches = self.counter("batches_total", "finished micro-batches")
        self.seconds = self.gauge("batch_seconds", "duration of the last micro-batch")
        self.rate = self.gauge(f"{what}_per_second", f"{what} per second of the last micro-batch")

    def gauge(self, name: str, meaning: str) -> Gauge:
        """Create a gauge named ``shopcast_<query>_<name>``."""
        return Gauge(f"shopcast_{self.query}_{name}", meaning, registry=self.registry)

    def counter(self, name: str, meaning: str) -> Counter:
        """Create a counter named ``shopcast_<query>_<name>``."""
        return Counter(f"shopcast_{self.query}_{name}", meaning, registry=self.registry)

    def serve(self, port: int, address: str) -> tuple[WSGIServer, Thread]:
        """Serve the metrics over HTTP on a port of an address, in a separate thread."""
        return start_http_server(port, address, registry=self.registry)

    def finished(self, count: int, seconds: float) -> None:
        """Record a finished micro-batch: number of events or rows, and duration in seconds."""
        self.total, self.count = self.total + count, self.count + 1
        self.done.inc(count)
        self.batches.inc()
        self.seconds.set(seconds)
        self.rate.set(count / max(seconds, 1e-3))


class IngestMetrics(Metrics):
    """The metrics of the ingest query."""

    def __init__(self) -> None:
        super().__init__("ingest", "events")
        self.lag_seconds = self.gauge(
            "lag_seconds",
            "age of the oldest record of the last micro-batch at its end",
        )
        self.lag_events = self.gauge("lag_events", "events in Kafka that are not ingested yet")
        self.features_lag_seconds = self.gauge("features_lag_seconds", WAITING)
        self.rejected = self.gauge("rejected", "records in bronze.rejected_sales")
        self.rejected_share = self.gauge(
            "rejected_share", "share of the events since the start that were rejected"
        )
        self.rejected_by_reason = Counter(
            "shopcast_ingest_rejected_events_total",
            "rejected events since the start, by reason; an event may have several reasons",
            ["reason"],
            registry=self.registry,
        )
        self.early_dates = self.counter(
            "early_dates_total", "sales dated after the day of their ingestion"
        )
        self.unlisted = {
            "shop_id": self.counter("unlisted_shops_total", "sales of shops not in silver.shops"),
            "item_id": self.counter("unlisted_items_total", "sales of items not in silver.items"),
        }
        self._rejected_since_start = 0

    def count_rejected(self, count: int, reasons: Mapping[str, int]) -> None:
        """Count rejected events, and their reasons: reason → events with this reason."""
        self._rejected_since_start += count
        for reason, number in reasons.items():
            self.rejected_by_reason.labels(reason).inc(number)

    def record(self, count: int, seconds: float, rejected: int) -> None:
        """Record and log a finished micro-batch.

        Args:
            count: events of the micro-batch.
            seconds: duration of the micro-batch, seconds.
            rejected: records in bronze.rejected_sales now.
        """
        self.finished(count, seconds)
        self.rejected.set(rejected)
        self.rejected_share.set(self._rejected_since_start / max(self.total, 1))
        logger.info(
            "ingest: %d events in %.1f s (%.0f/s), %d rejected so far",
            count,
            seconds,
            count / max(seconds, 1e-3),
            rejected,
        )


class RefreshMetrics(Metrics):
    """The metrics of the refresh query."""

    def __init__(self) -> None:
        super().__init__("refresh", "rows")
        self.lag_seconds = self.gauge("lag_seconds", WAITING)
        self.late_months = self.gauge(
            "late_months", "target months whose features do not show late sales yet"
        )

    def record(self, rows: int, seconds: float, stale_months: int) -> None:
        """Record and log a finished refresh.

        Args:
            rows: rows written.
            seconds: duration of the refresh, seconds.
            stale_months: number of target months whose features do not show late sales yet.
        """
        self.finished(rows, seconds)
        self.late_months.set(stale_months)
        logger.info(
            "refresh: %d rows written in %.1f s, %d months are still stale",
            rows,
            seconds,
            stale_months,
        )
