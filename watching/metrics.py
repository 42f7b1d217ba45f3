"""Metrics of the API, the streaming queries and the lake, as Prometheus shows them.

This is the one declaration: the processes create their metrics from it, and rules, dashboards and
docs/reference/watching.md may name no other metric.
"""

from watching import lake_metrics
from watching.metric import API, INGEST, REFRESH, WAITING, Metric, counter, gauge

# The API.
REQUESTS = counter(
    "shopcast_requests_total", API, "Answers by status.", ("status",), ("200",), ("500",)
)
FAILURES = counter(
    "shopcast_failures_total", API, "Answers from 500 on.", ("route",), ("/predict",)
)
LOOKUPS = counter(
    "shopcast_lookups_total",
    API,
    "Pairs looked up, by whether there is a forecast and the history that it rests on.",
    ("result", "rung"),
    ("unknown", ""),
)
UPLOAD_ROWS = counter(
    "shopcast_upload_rows_total",
    API,
    "Rows received by uploads.",
    ("verdict",),
    ("accepted",),
    ("rejected",),
    ("repeated",),
)
TRAINING_RUNS = counter(
    "shopcast_training_runs_total",
    API,
    "Ended runs of training.",
    ("outcome",),
    ("succeeded",),
    ("refused",),
    ("failed",),
    ("cancelled",),
)
LOG_DROPPED = counter(
    "shopcast_log_lines_dropped_total",
    API,
    "Lines of the log that were dropped, as the reader of the log stood still.",
    (),
    (),
)
REQUEST_DURATION = Metric(
    "shopcast_request_duration_seconds",
    "histogram",
    API,
    "Time from the header of a request to the end of its answer, by route template.",
    ("route",),
)
SERVED_AGE = gauge(
    "shopcast_served_age_seconds",
    API,
    "Time since the served version was published; not a number: nothing is served.",
)
SERVED_FORECASTS = gauge(
    "shopcast_served_forecasts", API, "Forecasts served; 0: nothing is served."
)
REFRESH_FAILED = gauge(
    "shopcast_refresh_failed", API, "1: the last look at the lake for a new version failed."
)

# The streaming query ingest.
INGEST_EVENTS = counter("shopcast_ingest_events_total", INGEST, "Records processed.")
INGEST_BATCHES = counter("shopcast_ingest_batches_total", INGEST, "Finished micro-batches.")
INGEST_BATCH_SECONDS = gauge(
    "shopcast_ingest_batch_seconds", INGEST, "Duration of the last micro-batch."
)
INGEST_RATE = gauge(
    "shopcast_ingest_events_per_second", INGEST, "Records per second of the last micro-batch."
)
INGEST_BATCH_AT = gauge(
    "shopcast_ingest_batch_timestamp_seconds",
    INGEST,
    "When the last micro-batch ended, Unix time; before the first one, when the process started.",
)
INGEST_LAG = gauge(
    "shopcast_ingest_lag_seconds",
    INGEST,
    "Age of the oldest record in Kafka that is not ingested, asked of Kafka at each scrape; 0: all "
    "are; not a number: Kafka does not answer, or no micro-batch has ended.",
)
INGEST_LAG_EVENTS = gauge(
    "shopcast_ingest_lag_events",
    INGEST,
    "Records in Kafka that are not ingested, asked of Kafka at each scrape; not a number: as for "
    "shopcast_ingest_lag_seconds.",
)
INGEST_FEATURES_LAG = gauge("shopcast_ingest_features_lag_seconds", INGEST, WAITING)
INGEST_REJECTED = gauge("shopcast_ingest_rejected", INGEST, "Records in bronze.rejected_sales.")
INGEST_REJECTED_EVENTS = counter(
    "shopcast_ingest_rejected_events_total",
    INGEST,
    "Records that were rejected, by reason; a record may have several reasons.",
    ("reason",),
)
INGEST_EVENTS_REJECTED = counter(
    "shopcast_ingest_events_rejected_total", INGEST, "Records that were rejected."
)
INGEST_EARLY_DATES = counter(
    "shopcast_ingest_early_dates_total", INGEST, "Sales dated after the day of their ingestion."
)
INGEST_UNLISTED_SHOPS = counter(
    "shopcast_ingest_unlisted_shops_total", INGEST, "Sales of shops that silver.shops lacks."
)
INGEST_UNLISTED_ITEMS = counter(
    "shopcast_ingest_unlisted_items_total", INGEST, "Sales of items that silver.items lacks."
)

# The streaming query refresh.
REFRESH_ROWS = counter("shopcast_refresh_rows_total", REFRESH, "Rows written.")
REFRESH_BATCHES = counter("shopcast_refresh_batches_total", REFRESH, "Finished refreshes.")
REFRESH_SECONDS = gauge("shopcast_refresh_batch_seconds", REFRESH, "Duration of the last refresh.")
REFRESH_RATE = gauge(
    "shopcast_refresh_rows_per_second", REFRESH, "Rows per second of the last refresh."
)
REFRESH_BATCH_AT = gauge(
    "shopcast_refresh_batch_timestamp_seconds",
    REFRESH,
    "When the last refresh ended, Unix time; before the first one, when the process started.",
)
REFRESH_LAG = gauge("shopcast_refresh_lag_seconds", REFRESH, WAITING)
REFRESH_LATE_MONTHS = gauge(
    "shopcast_refresh_late_months",
    REFRESH,
    "Target months whose features do not show late sales yet.",
)

METRICS: tuple[Metric, ...] = tuple(
    value
    for value in (*list(globals().values()), *vars(lake_metrics).values())
    if isinstance(value, Metric)
)


def metrics_of(source: str) -> list[Metric]:
    """Return the metrics that a process shows."""
    return [metric for metric in METRICS if metric.source == source]
