"""Alerts about the streaming queries."""

from watching import thresholds as at
from watching.alerts.declaration import FLOW, PAGE, STREAM, WARN, Alert, down


def last_hour(counter: str) -> str:
    """Write what each query counted in the last hour."""
    return f"sum by (job, instance) (increase({counter}[1h]))"


ALERTS = (
    Alert(
        "ShopcastStreamStopped",
        STREAM,
        PAGE,
        f"{down('shopcast-ingest')} or {down('shopcast-refresh')}",
        10,
        "The stream {{ $labels.job }} is not there.",
        "Sales wait in Kafka, for as long as the topic keeps them, or features stand still.",
        "Start `python -m streaming ingest` or `python -m streaming refresh` again: it goes on "
        "where it stopped. Exit code 3 names what was refused.",
    ),
    Alert(
        "ShopcastIngestStuck",
        FLOW,
        PAGE,
        f"time() - shopcast_ingest_batch_timestamp_seconds > {at.STUCK_SECONDS} "
        "unless on (instance) shopcast_ingest_lag_events == 0",
        5,
        "Records wait in Kafka, and no micro-batch has ended for {{ $value | humanizeDuration }}.",
        "The process runs and does not get on: a hung task, a full disk, a store that does not "
        "answer, or Kafka that cannot be asked.",
        "Look at the log, then start `python -m streaming ingest` again; nothing is lost.",
    ),
    Alert(
        "ShopcastIngestLagging",
        FLOW,
        WARN,
        f"shopcast_ingest_lag_seconds > {at.LAG_SECONDS}",
        10,
        "The oldest record that waits in Kafka is {{ $value | humanizeDuration }} old.",
        "More records come than the stream takes in.",
        "Compare `shopcast_ingest_events_per_second` with what comes; give the stream more cores, "
        "or raise `--max-records` of `python -m streaming ingest`.",
    ),
    Alert(
        "ShopcastFeaturesLagging",
        FLOW,
        WARN,
        f"shopcast_refresh_lag_seconds > {at.FEATURES_LAG_SECONDS}",
        10,
        "Features do not show sales of {{ $value | humanizeDuration }} ago.",
        "The refresh is slower than the changes, or hangs.",
        "Late sales of many old months take long: watch `shopcast_refresh_late_months`. Else start "
        "`python -m streaming refresh` again.",
    ),
    Alert(
        "ShopcastRejectedShare",
        FLOW,
        WARN,
        f"{last_hour('shopcast_ingest_events_rejected_total')} / "
        f"{last_hour('shopcast_ingest_events_total')} > {at.REJECTED_SHARE} "
        f"and {last_hour('shopcast_ingest_events_total')} >= {at.FEWEST_EVENTS}",
        10,
        "{{ $value | humanizePercentage }} of the records of the last hour were rejected.",
        "A till or a sender changed its format.",
        "`bronze.rejected_sales` has each record with its reasons. After the sender or the profile "
        "is mended, `python -m jobs.retry_rejected` takes the records in.",
    ),
)
