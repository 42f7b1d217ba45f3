"""Gold tables of fixed columns: forecasts and how models did. features/ derives the others."""

from lakehouse.table import Check, Column, Table
from lakehouse.types import COUNT, DATE, FEATURE, RATE, TEXT, TIMESTAMP, WHOLE

FORECASTS = Table(
    layer="gold",
    name="forecasts",
    description="Forecast units of a shop, item and month; a version's rows never change.",
    columns=(
        Column("shop_id", TEXT, "shop, aliases resolved", False),
        Column("item_id", TEXT, "item", False),
        Column("month", DATE, "target month, first day", False),
        Column("version", TEXT, "forecast version; sorts by time", False),
        Column("cutoff", DATE, "last month whose sales were visible, first day", False),
        Column("horizon", WHOLE, "months from cutoff to target month", False),
        Column("units", FEATURE, "mean units forecast, within the profile's target clip", False),
        Column("p10", FEATURE, "10 % quantile of units; null: not fitted"),
        Column("p50", FEATURE, "50 % quantile of units; null: not fitted"),
        Column("p90", FEATURE, "90 % quantile of units; null: not fitted"),
        Column("p95", FEATURE, "95 % quantile of units; null: not fitted"),
        Column("rung", TEXT, "history that the forecast rests on", False),
        Column("model", TEXT, "MLflow run that made the model", False),
        Column("generated_at", TIMESTAMP, "when it was computed", False),
    ),
    key=("shop_id", "item_id", "month", "version"),
    partition_by=("version",),
)
FORECAST_VERSIONS = Table(
    layer="gold",
    name="forecast_versions",
    description="The forecast versions: what is served is the newest published one.",
    columns=(
        Column("version", TEXT, "forecast version; sorts by time", False),
        Column("cutoff", DATE, "last month whose sales were visible, first day", False),
        Column("model", TEXT, "MLflow run that made the model", False),
        Column("inputs", TEXT, "JSON: table to the version read", False),
        Column("rows", COUNT, "forecasts in the version", False),
        Column("status", TEXT, "published or withdrawn", False),
        Column("published_at", TIMESTAMP, "when it was published", False),
        Column("withdrawn_at", TIMESTAMP, "when it was withdrawn; null: it was not"),
    ),
    key=("version",),
    checks=(
        Check("status_known", "status IN ('published', 'withdrawn')", "a version is served or not"),
    ),
)
BACKTESTS = Table(
    layer="gold",
    name="backtests",
    description="Rolling-origin results: one row per run, fold and model.",
    columns=(
        Column("run", TEXT, "backtest run; sorts by time", False),
        Column("spine", TEXT, "rows that were scored: assortment or grid", False),
        Column("cutoff", DATE, "last month whose sales were visible, first day", False),
        Column("month", DATE, "month that was forecast, first day", False),
        Column("model", TEXT, "xgboost, or the name of a naive baseline", False),
        Column("rows", COUNT, "rows scored, the same for every model of a fold", False),
        Column("rmse", RATE, "root mean squared error, units", False),
        Column("mae", RATE, "mean absolute error, units", False),
        Column("bias", RATE, "mean of forecast minus actual, units", False),
        Column("inputs", TEXT, "digest of the panel, the model's parameters and the code", False),
    ),
    key=("run", "spine", "cutoff", "model"),
)
FEATURE_SKEW = Table(
    layer="gold",
    name="feature_skew",
    description="Stored monthly cells and features against a rebuild from the daily sales.",
    columns=(
        Column("checked_at", TIMESTAMP, "when the check began", False),
        Column("draw", TEXT, "keys compared: all, or how many of a group and the seed", False),
        Column("group", TEXT, "feature group", False),
        Column("table", TEXT, "path of the table, cells or features", False),
        Column("column", TEXT, "measure or feature", False),
        Column("months", COUNT, "months that were compared", False),
        Column("stale_months", COUNT, "months left out because a build of them is due", False),
        Column("compared", COUNT, "rows of which stored and rebuilt value were compared", False),
        Column("missing", COUNT, "rows that the rebuild has and the table has not", False),
        Column("extra", COUNT, "rows that the table has and the rebuild has not, doubles", False),
        Column("mismatched", COUNT, "compared rows whose two values are not the same", False),
        Column("example", TEXT, "a row that is missing, extra or mismatched; null: none"),
        Column("inputs", TEXT, "JSON: table to the version read", False),
        Column("rebuilt_at", TIMESTAMP, "when all was rebuilt after the check; null: not since"),
    ),
    key=("checked_at", "table", "column"),
)
