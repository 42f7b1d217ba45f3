"""Metrics of the lake, which `python -m watching` shows."""

from watching.metric import LAKE, gauge

LAKE_UP = gauge("shopcast_lake_up", LAKE, "1: the lake could be read at this scrape; 0: not.")
LAKE_READ_AT = gauge(
    "shopcast_lake_read_timestamp_seconds",
    LAKE,
    "When the lake was last read, Unix time; the other figures of the lake are of then.",
)
CLOSED_MONTH = gauge(
    "shopcast_closed_month_timestamp_seconds",
    LAKE,
    "First day of the last closed month, Unix time.",
)
FORECAST_CUTOFF = gauge(
    "shopcast_forecast_cutoff_timestamp_seconds",
    LAKE,
    "First day of the last month whose sales the newest published forecasts know, Unix time.",
)
FORECAST_PUBLISHED = gauge(
    "shopcast_forecast_published_timestamp_seconds",
    LAKE,
    "When the newest forecasts were published, Unix time.",
)
FORECAST_ROWS = gauge("shopcast_forecast_rows", LAKE, "Forecasts in the newest version.")
SCORED_MONTH = gauge(
    "shopcast_score_month_timestamp_seconds",
    LAKE,
    "First day of the newest scored month, Unix time.",
    ("horizon",),
)
SCORED_AT = gauge(
    "shopcast_score_timestamp_seconds",
    LAKE,
    "When the newest scored month was last scored, Unix time.",
    ("horizon",),
)
SCORE_WAPE = gauge(
    "shopcast_score_wape",
    LAKE,
    "Sum of absolute errors by units sold, newest scored month; forecaster `naive`: the best one.",
    ("horizon", "forecaster"),
)
SCORE_RMSE = gauge(
    "shopcast_score_rmse",
    LAKE,
    "Root mean squared error, units; forecaster `backtest`: the champion when it was promoted.",
    ("horizon", "forecaster"),
)
SCORE_BIAS = gauge(
    "shopcast_score_bias",
    LAKE,
    "Mean of forecast minus actual, units, newest scored month; above 0: too much was forecast.",
    ("horizon",),
)
SCORE_COVERAGE = gauge(
    "shopcast_score_coverage",
    LAKE,
    "Share of actuals within p10 and p90, newest scored month; 0.8 is right.",
    ("horizon",),
)
CHAMPIONS = gauge("shopcast_champions", LAKE, "Horizons that have a champion.")
CHAMPION_SINCE = gauge(
    "shopcast_champion_timestamp_seconds",
    LAKE,
    "When the champion of a horizon was chosen, Unix time.",
    ("horizon",),
)
RETRAIN_DUE = gauge(
    "shopcast_retrain_due", LAKE, "1: the last score_forecasts found that a new model is due."
)
RETRAIN_JUDGED_AT = gauge(
    "shopcast_retrain_due_timestamp_seconds",
    LAKE,
    "When the last score_forecasts ended, Unix time.",
)
SKEW = gauge(
    "shopcast_skew_columns", LAKE, "Columns that differ from a rebuild, and were not rebuilt since."
)
SKEW_CHECKED_AT = gauge(
    "shopcast_skew_check_timestamp_seconds", LAKE, "When features were last checked, Unix time."
)
DRIFT = gauge(
    "shopcast_drift_columns",
    LAKE,
    "Columns that the last check found different from the same month a year before.",
)
DRIFT_CHECKED_AT = gauge(
    "shopcast_drift_check_timestamp_seconds", LAKE, "When drift was last checked, Unix time."
)
SALES_EVENTS = gauge("shopcast_sales_events", LAKE, "Records in bronze.sales_events.")
REJECTED_SALES = gauge("shopcast_rejected_sales", LAKE, "Records in bronze.rejected_sales.")
JOB_ENDED_AT = gauge(
    "shopcast_job_end_timestamp_seconds",
    LAKE,
    "When the last run of a command ended, Unix time.",
    ("command",),
)
JOB_FAILED = gauge(
    "shopcast_job_failed",
    LAKE,
    "1: the last run of a command failed or was killed; 0: it ended in another way.",
    ("command",),
)
