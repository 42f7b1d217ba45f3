"""Histories of metrics: those that an alert fires on, and those that it stays silent on."""

from dataclasses import dataclass

Series = dict[str, str]
DAY, HOUR = 86400, 3600
LAKE = 'instance="lake:9108",job="shopcast-lake"'
API = 'instance="api:8000",job="shopcast-api"'
INGEST = 'instance="ingest:9101",job="shopcast-ingest"'
REFRESH = 'instance="refresh:9102",job="shopcast-refresh"'


@dataclass(frozen=True)
class Case:
    """A history.

    Attributes:
        alert: name of the alert.
        fires: whether the alert is firing at ``at``.
        series: series → values, as promtool writes them, a value for each ``step``.
        at: time of the question.
        step: time between two values.
        why: what the history is.
        rounds: time between two evaluations of the rules; empty: as ``step``.
    """

    alert: str
    fires: bool
    series: Series
    at: str = "3h"
    step: str = "1m"
    why: str = ""
    rounds: str = ""


def served(failures: str, requests: str = "0+1000x1500") -> Series:
    """Counters of the API; a value a minute."""
    return {
        f'shopcast_requests_total{{{API},status="200"}}': requests,
        f'shopcast_failures_total{{{API},route="/predict"}}': failures,
    }


def lookups(quick: str, requests: str = "0+1000x1500") -> Series:
    """Durations of lookups; ``quick``: within 0.1 s."""
    name, route = "shopcast_request_duration_seconds", f'{API},route="/predict"'
    return {
        **served("0x1500", requests),
        f'{name}_bucket{{{route},le="0.1"}}': quick,
        f"{name}_count{{{route}}}": requests,
    }


def lake(name: str, value: object, labels: str = "") -> Series:
    """A figure of the lake that stays as it is, hours long."""
    return {f"{name}{{{LAKE}{',' if labels else ''}{labels}}}": f"{value}x4000"}


def is_up(job: str, value: int) -> Series:
    """Whether Prometheus reaches a process."""
    return {f'up{{instance="a:1",job="{job}"}}': f"{value}x1500"}


def scores(name: str, served_value: float, other: str, value: float) -> Series:
    """The error of the served forecasts and another one."""
    label = 'horizon="1",forecaster='
    return {
        **lake(name, served_value, f'{label}"served"'),
        **lake(name, value, f'{label}"{other}"'),
    }


def ingest(events: str, rejected: str) -> Series:
    """Counters of the ingest; a value a minute."""
    return {
        f"shopcast_ingest_events_total{{{INGEST}}}": events,
        f"shopcast_ingest_events_rejected_total{{{INGEST}}}": rejected,
    }


def stuck(ended_at: str, waiting: int | None) -> Series:
    """The end of the last micro-batch, and what waits; None: unknown."""
    ended = {f"shopcast_ingest_batch_timestamp_seconds{{{INGEST}}}": ended_at}
    if waiting is None:
        return ended
    return {**ended, f"shopcast_ingest_lag_events{{{INGEST}}}": f"{waiting}x1500"}


def features(seconds: int) -> Series:
    """How old the oldest change is that features do not show."""
    return {f"shopcast_refresh_lag_seconds{{{REFRESH}}}": f"{seconds}x1500"}


BOTH_UP = {**is_up("shopcast-ingest", 1), **is_up("shopcast-refresh", 1)}
AT_78_DAYS, AT_95_DAYS = "1872h", "2280h"
CUTOFF, CLOSED = (
    "shopcast_forecast_cutoff_timestamp_seconds",
    "shopcast_closed_month_timestamp_seconds",
)
CASES = (
    Case("ShopcastApiDown", True, is_up("shopcast-api", 0)),
    Case("ShopcastApiDown", True, {}, why="never there"),
    Case("ShopcastApiDown", False, is_up("shopcast-api", 1)),
    Case("ShopcastApiErrors", True, served("0+20x1500"), why="2 %"),
    Case(
        "ShopcastApiErrors",
        False,
        served("0+5.5x1500"),
        "1d",
        why="0.55 % burns slowly",
        rounds="10m",
    ),
    Case("ShopcastApiErrors", True, served("0+7x1500"), "10h", why="0.7 % for hours", rounds="10m"),
    Case("ShopcastApiErrors", False, served("0x60 1x1500", "0x60 3x1500"), why="1 of 3"),
    Case(
        "ShopcastApiErrors",
        False,
        served("0x1500", "0+1000x90 0+1000x1400"),
        why="counters begin anew",
    ),
    Case("ShopcastApiErrors", False, {}, why="no API"),
    Case("ShopcastApiErrorsSlowly", True, served("0+3.5x1500"), "1d", rounds="10m"),
    Case("ShopcastApiErrorsSlowly", False, served("0+2.8x1500"), "1d", rounds="10m"),
    Case("ShopcastApiErrorsSlowly", False, served("0x60 1x1500", "0x60 3x1500"), why="1 of 3"),
    Case("ShopcastApiSlow", True, lookups("0+800x1500"), why="20 % are slow"),
    Case("ShopcastApiSlow", False, lookups("0+950x1500"), why="5 % are slow"),
    Case("ShopcastApiSlow", False, lookups("0x60 1x1500", "0x60 3x1500"), why="2 of 3"),
    Case("ShopcastServesNothing", True, {f"shopcast_served_forecasts{{{API}}}": "0x1500"}),
    Case("ShopcastServesNothing", False, {f"shopcast_served_forecasts{{{API}}}": "1x1500"}),
    Case("ShopcastServesNothing", False, {}, why="no API"),
    Case("ShopcastRefreshFailed", True, {f"shopcast_refresh_failed{{{API}}}": "1x1500"}),
    Case("ShopcastRefreshFailed", False, {f"shopcast_refresh_failed{{{API}}}": "0x160 1x20"}),
    Case("ShopcastWatchingDown", True, is_up("shopcast-lake", 0)),
    Case("ShopcastWatchingDown", True, {}, why="never there"),
    Case("ShopcastWatchingDown", False, is_up("shopcast-lake", 1)),
    Case("ShopcastLakeUnreachable", True, lake("shopcast_lake_up", 0)),
    Case("ShopcastLakeUnreachable", False, lake("shopcast_lake_up", 1)),
    Case("ShopcastLakeUnreachable", False, {}, why="no exporter: another alert"),
    Case("ShopcastLakeFiguresOld", True, lake("shopcast_lake_read_timestamp_seconds", 60), "1h"),
    Case(
        "ShopcastLakeFiguresOld",
        False,
        {f"shopcast_lake_read_timestamp_seconds{{{LAKE}}}": "-890+60x1500"},
        why="read 890 s ago",
    ),
    Case("ShopcastForecastStale", True, lake(CUTOFF, DAY), AT_95_DAYS, "1h"),
    Case("ShopcastForecastStale", False, lake(CUTOFF, 3 * DAY), AT_95_DAYS, "1h"),
    Case("ShopcastForecastStale", False, {}, AT_95_DAYS, "1h", "nothing published"),
    Case(
        "ShopcastForecastBehind",
        True,
        {**lake(CUTOFF, 31 * DAY), **lake(CLOSED, 61 * DAY)},
        AT_78_DAYS,
        "1h",
    ),
    Case(
        "ShopcastForecastBehind",
        False,
        {**lake(CUTOFF, 61 * DAY), **lake(CLOSED, 61 * DAY)},
        AT_78_DAYS,
        "1h",
    ),
    Case("ShopcastMonthNotClosed", True, lake(CLOSED, DAY), AT_78_DAYS, "1h"),
    Case("ShopcastMonthNotClosed", False, lake(CLOSED, 3 * DAY), AT_78_DAYS, "1h"),
    Case("ShopcastNoForecast", True, lake("shopcast_lake_up", 1)),
    Case("ShopcastNoForecast", False, {**lake("shopcast_lake_up", 1), **lake(CUTOFF, 1)}),
    Case("ShopcastNoForecast", False, lake("shopcast_lake_up", 0), why="unknown"),
    Case("ShopcastNoChampion", True, lake("shopcast_champions", 0)),
    Case("ShopcastNoChampion", False, lake("shopcast_champions", 1)),
    Case("ShopcastNoChampion", False, {}, why="no exporter"),
    Case("ShopcastWorseThanNaive", True, scores("shopcast_score_wape", 0.51, "naive", 0.5)),
    Case("ShopcastWorseThanNaive", False, scores("shopcast_score_wape", 0.5, "naive", 0.5)),
    Case(
        "ShopcastWorseThanNaive",
        False,
        lake("shopcast_score_wape", 0.5, 'horizon="1",forecaster="served"'),
        why="nothing to compare with",
    ),
    Case("ShopcastWorseThanBacktest", True, scores("shopcast_score_rmse", 1.21, "backtest", 1)),
    Case("ShopcastWorseThanBacktest", False, scores("shopcast_score_rmse", 1.19, "backtest", 1)),
    Case("ShopcastCoverageOff", True, lake("shopcast_score_coverage", 0.71, 'horizon="1"')),
    Case("ShopcastCoverageOff", False, lake("shopcast_score_coverage", 0.73, 'horizon="1"')),
    Case("ShopcastCoverageOff", False, lake("shopcast_score_coverage", 0.97, 'horizon="1"')),
    Case("ShopcastCoverageOff", False, {}, why="no intervals"),
    Case("ShopcastRetrainDue", True, lake("shopcast_retrain_due", 1)),
    Case("ShopcastRetrainDue", False, lake("shopcast_retrain_due", 0)),
    Case("ShopcastSkew", True, lake("shopcast_skew_columns", 2)),
    Case("ShopcastSkew", False, lake("shopcast_skew_columns", 0)),
    Case("ShopcastDrift", True, lake("shopcast_drift_columns", 2)),
    Case("ShopcastDrift", False, lake("shopcast_drift_columns", 0)),
    Case(
        "ShopcastSkewCheckOld",
        True,
        lake("shopcast_skew_check_timestamp_seconds", 0),
        "200h",
        "1h",
    ),
    Case(
        "ShopcastSkewCheckOld",
        False,
        lake("shopcast_skew_check_timestamp_seconds", 9 * HOUR),
        "200h",
        "1h",
    ),
    Case("ShopcastJobFailed", True, lake("shopcast_job_failed", 1, 'command="train"')),
    Case("ShopcastJobFailed", False, lake("shopcast_job_failed", 0, 'command="train"')),
    Case("ShopcastStreamStopped", True, {**BOTH_UP, **is_up("shopcast-refresh", 0)}),
    Case("ShopcastStreamStopped", True, is_up("shopcast-refresh", 1), why="ingest is absent"),
    Case("ShopcastStreamStopped", False, BOTH_UP),
    Case("ShopcastIngestStuck", True, stuck("60x1500", 5), "1h", why="it hangs"),
    Case("ShopcastIngestStuck", True, stuck("60x1500", None), "1h", why="Kafka is away"),
    Case("ShopcastIngestStuck", False, stuck("60x1500", 0), why="nothing comes"),
    Case("ShopcastIngestStuck", False, stuck("-890+60x1500", 5), why="it is slow"),
    Case("ShopcastIngestLagging", True, {f"shopcast_ingest_lag_seconds{{{INGEST}}}": "601x1500"}),
    Case("ShopcastIngestLagging", False, {f"shopcast_ingest_lag_seconds{{{INGEST}}}": "599x1500"}),
    Case("ShopcastFeaturesLagging", True, features(1801)),
    Case("ShopcastFeaturesLagging", False, features(1799)),
    Case("ShopcastRejectedShare", True, ingest("0+100x1500", "0+6x1500")),
    Case("ShopcastRejectedShare", False, ingest("0+100x1500", "0+4x1500")),
    Case("ShopcastRejectedShare", False, ingest("0+1x1500", "0+1x1500"), why="few records"),
)
