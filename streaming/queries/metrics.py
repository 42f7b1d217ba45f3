"""Prometheus metrics of the streaming queries, served on a port, and a log line per micro-batch."""

import logging
import time
from collections.abc import Mapping
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from watching import metrics as declared
from watching.metric import Metric

logger = logging.getLogger("shopcast")


class QueryMetrics:
    """The metrics that both queries have; each query passes its own declarations.

    Args:
        done: counter of the events or rows.
        batches: counter of the micro-batches.
        seconds: duration of the last micro-batch.
        rate: events or rows per second.
        ended_at: end of the last micro-batch.
    """

    def __init__(
        self, done: Metric, batches: Metric, seconds: Metric, rate: Metric, ended_at: Metric
    ) -> None:
        self.total, self.count = 0, 0
        self.registry = CollectorRegistry()
        self.done, self.batches = self.counter(done), self.counter(batches)
        self.seconds, self.rate = self.gauge(seconds), self.gauge(rate)
        self.ended_at = self.gauge(ended_at)
        self.ended_at.set_to_current_time()

    def gauge(self, metric: Metric) -> Gauge:
        """Create a declared gauge."""
        return Gauge(metric.name, metric.help, metric.labels, registry=self.registry)

    def counter(self, metric: Metric) -> Counter:
        """Create a declared counter."""
        return Counter(metric.family, metric.help, metric.labels, registry=self.registry)

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
        self.ended_at.set(time.time())


class IngestMetrics(QueryMetrics):
    """The metrics of the ingest query."""

    def __init__(self) -> None:
        super().__init__(
            declared.INGEST_EVENTS,
            declared.INGEST_BATCHES,
            declared.INGEST_BATCH_SECONDS,
            declared.INGEST_RATE,
            declared.INGEST_BATCH_AT,
        )
        self.lag_seconds = self.gauge(declared.INGEST_LAG)
        self.lag_events = self.gauge(declared.INGEST_LAG_EVENTS)
        self.features_lag_seconds = self.gauge(declared.INGEST_FEATURES_LAG)
        self.rejected = self.gauge(declared.INGEST_REJECTED)
        self.rejected_events = self.counter(declared.INGEST_EVENTS_REJECTED)
        self.rejected_by_reason = self.counter(declared.INGEST_REJECTED_EVENTS)
        self.early_dates = self.counter(declared.INGEST_EARLY_DATES)
        self.unlisted = {
            "shop_id": self.counter(declared.INGEST_UNLISTED_SHOPS),
            "item_id": self.counter(declared.INGEST_UNLISTED_ITEMS),
        }

    def count_rejected(self, count: int, reasons: Mapping[str, int]) -> None:
        """Count rejected events, and their reasons: reason → events with this reason."""
        self.rejected_events.inc(count)
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
        logger.info(
            "ingest: %d events in %.1f s (%.0f/s), %d rejected so far",
            count,
            seconds,
            count / max(seconds, 1e-3),
            rejected,
        )


class RefreshMetrics(QueryMetrics):
    """The metrics of the refresh query."""

    def __init__(self) -> None:
        super().__init__(
            declared.REFRESH_ROWS,
            declared.REFRESH_BATCHES,
            declared.REFRESH_SECONDS,
            declared.REFRESH_RATE,
            declared.REFRESH_BATCH_AT,
        )
        self.lag_seconds = self.gauge(declared.REFRESH_LAG)
        self.late_months = self.gauge(declared.REFRESH_LATE_MONTHS)

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
