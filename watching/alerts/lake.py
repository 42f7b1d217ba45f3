"""Alerts about the lake and what is published."""

from watching import thresholds as at
from watching.alerts.declaration import FORECAST, LAKE, PAGE, STALE, WARN, Alert, down

ALERTS = (
    Alert(
        "ShopcastWatchingDown",
        LAKE,
        WARN,
        down("shopcast-lake"),
        10,
        "The exporter of the lake is not there: forecasts are not watched.",
        "No alert about forecasts can fire while this one does.",
        "Start `python -m watching --lake URI`, and look at the end of its log.",
    ),
    Alert(
        "ShopcastLakeUnreachable",
        LAKE,
        PAGE,
        "shopcast_lake_up == 0",
        10,
        "The lake cannot be read.",
        "The exporter of the lake runs, and the object store refuses or does not answer. Batch "
        "commands and streams probably fail as well.",
        "The log of `python -m watching` has the store's error: expired credentials, network, or "
        "a moved bucket.",
    ),
    Alert(
        "ShopcastLakeFiguresOld",
        LAKE,
        WARN,
        f"time() - shopcast_lake_read_timestamp_seconds > {at.FROZEN_SECONDS}",
        5,
        "The figures of the lake are {{ $value | humanizeDuration }} old.",
        "The exporter answers and does not read the lake: its figures stand still.",
        "Start `python -m watching` again; report the end of its log.",
    ),
    Alert(
        "ShopcastForecastStale",
        STALE,
        PAGE,
        f"time() - shopcast_forecast_cutoff_timestamp_seconds > {at.STALE_CUTOFF_DAYS * at.DAY}",
        60,
        "The newest forecasts know no sales of the last {{ $value | humanizeDuration }}.",
        "Planners look at forecasts that the API marks as stale.",
        "Run what is missing: `python -m jobs.check_month --month YYYY-MM` names it. Usually a "
        "month was not closed (`python -m jobs.close_month`) or the monthly run failed.",
    ),
    Alert(
        "ShopcastForecastBehind",
        FORECAST,
        WARN,
        "shopcast_closed_month_timestamp_seconds > shopcast_forecast_cutoff_timestamp_seconds",
        at.BEHIND_DAYS * 24 * 60,
        "A month was closed days ago, and the forecasts do not know it.",
        "The steps after `close_month` did not run to their end.",
        "`python -m jobs.check_month --month YYYY-MM` names the missing steps.",
    ),
    Alert(
        "ShopcastMonthNotClosed",
        STALE,
        WARN,
        f"time() - shopcast_closed_month_timestamp_seconds > {(31 + at.NOT_CLOSED_DAYS) * at.DAY}",
        60,
        "A month ended two weeks ago and is not closed.",
        "Sales of its last days are probably missing, so that `close_month` refuses.",
        "`python -m jobs.close_month --month YYYY-MM` says on which days few shops sold.",
    ),
    Alert(
        "ShopcastNoForecast",
        STALE,
        PAGE,
        "shopcast_lake_up == 1 unless on (instance) shopcast_forecast_cutoff_timestamp_seconds",
        60,
        "The lake has no published forecasts.",
        "Nothing was published, or every version was withdrawn.",
        "`python -m jobs.forecast` publishes with the champions.",
    ),
    Alert(
        "ShopcastNoChampion",
        FORECAST,
        PAGE,
        "shopcast_champions == 0",
        60,
        "No horizon has a champion: nothing can be forecast.",
        "No model was promoted, or the last promotion took the champion away.",
        "`python -m jobs.train`, then `python -m jobs.promote`; or `python -m jobs.promote "
        "--rollback`.",
    ),
    Alert(
        "ShopcastJobFailed",
        FORECAST,
        WARN,
        "shopcast_job_failed == 1",
        15,
        "The last run of {{ $labels.command }} failed or was killed.",
        "A refusal (exit code 3) or an interruption does not count as a failure.",
        "The run's row in `gold.job_runs` has its command line; run `python -m jobs.check_month "
        "--month YYYY-MM`, then the command again. Every table is as its last commit left it.",
    ),
)
