"""Gold tables with fixed columns: forecasts, scores and model history.

features/ declares the gold tables whose columns depend on the profile.
"""

from lakehouse.table import Check, Column, Table
from lakehouse.types import COUNT, DATE, FEATURE, FLAG, RATE, TEXT, TIMESTAMP, WHOLE

# The segment of scores that holds every row.
ALL_ROWS = "all"

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
        Column(
            "rung", TEXT, "nearest history that the forecast rests on, such as own history", False
        ),
        Column("model", TEXT, "MLflow run that made the model", False),
        Column("generated_at", TIMESTAMP, "when the forecast was computed", False),
    ),
    key=("shop_id", "item_id", "month", "version"),
    kept_apart="version",
)
FORECAST_VERSIONS = Table(
    layer="gold",
    name="forecast_versions",
    description="The forecast versions; the API serves the newest version that is published.",
    columns=(
        Column("version", TEXT, "forecast version; sorts by time", False),
        Column("cutoff", DATE, "last month whose sales were visible, first day", False),
        Column("model", TEXT, "MLflow run that made the model", False),
        Column("inputs", TEXT, "JSON: table to the version read", False),
        Column("rows", COUNT, "forecasts in the version", False),
        Column("status", TEXT, "published or withdrawn", False),
        Column("published_at", TIMESTAMP, "when the version was published", False),
        Column("withdrawn_at", TIMESTAMP, "when the version was withdrawn; null: never"),
    ),
    key=("version",),
    checks=(
        Check("status_known", "status IN ('published', 'withdrawn')", "a version is served or not"),
    ),
)
# Columns of every table of forecast scores.
SCORES = (
    Column("rows", COUNT, "rows scored, the same for every model", False),
    Column("volume", RATE, "sum of the absolute actual units of these rows", False),
    Column("rmse", RATE, "root mean squared error, units", False),
    Column("mae", RATE, "mean absolute error, units", False),
    Column("bias", RATE, "mean of forecast minus actual, units", False),
    Column("wape", RATE, "sum of absolute errors by volume; null: nothing was sold"),
    Column("coverage", RATE, "share of actuals within [p10, p90]; null: no intervals"),
    *(
        Column(f"pinball_p{q}", RATE, f"mean pinball loss of p{q}, units; null: no intervals")
        for q in (10, 50, 90, 95)
    ),
)
BACKTESTS = Table(
    layer="gold",
    name="backtests",
    description="Rolling-origin results: one row per run, fold, segment's value and model.",
    columns=(
        Column("run", TEXT, "backtest run; sorts by time", False),
        Column("spine", TEXT, "rows that were scored: assortment or grid", False),
        Column("horizon", WHOLE, "months from cutoff to the month that was forecast", False),
        Column("cutoff", DATE, "last month whose sales were visible, first day", False),
        Column("month", DATE, "month that was forecast, first day", False),
        Column("actuals", TEXT, "lake, or the files that the actual units were taken from", False),
        Column(
            "segment",
            TEXT,
            "how rows are divided, such as demand, item, shop; all: every row",
            False,
        ),
        Column("value", TEXT, "which of the segment's values, or which shop or category", False),
        Column("model", TEXT, "name of an estimator, or of a naive baseline", False),
        *SCORES,
        Column("inputs", TEXT, "digest of the panel, the model's parameters and the code", False),
    ),
    key=("run", "spine", "horizon", "cutoff", "actuals", "segment", "value", "model"),
)
TUNINGS = Table(
    layer="gold",
    name="tunings",
    description="Trials of parameters; jobs that train take the best of the newest study.",
    columns=(
        Column("study", TEXT, "digest of the rows learned from and validated on, and code", False),
        Column("trial", WHOLE, "number of the trial; trial 0 has the profile's parameters", False),
        Column("spine", TEXT, "rows learned from: assortment or grid", False),
        Column(
            "validated_from", DATE, "first month that the trial was scored on, first day", False
        ),
        Column(
            "validated_through", DATE, "last month that the trial was scored on, first day", False
        ),
        Column(
            "rounds",
            WHOLE,
            "number of trees at which the validation months stopped improving",
            False,
        ),
        Column("max_depth", WHOLE, "greatest depth of a tree", False),
        Column("learning_rate", RATE, "share of each tree's correction that is added", False),
        Column("min_child_weight", RATE, "smallest sum of row weights in a leaf", False),
        Column("subsample", RATE, "share of the rows that a tree learns from", False),
        Column("colsample_bytree", RATE, "share of the features that a tree chooses from", False),
        Column("rmse", RATE, "root mean squared error of the validation months, units", False),
        Column("seconds", RATE, "time that the trial took", False),
        Column("finished_at", TIMESTAMP, "when the trial ended", False),
    ),
    key=("study", "trial"),
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
        Column(
            "stale_months", COUNT, "months left out because the next build replaces them", False
        ),
        Column("compared", COUNT, "rows whose stored and rebuilt values were compared", False),
        Column("missing", COUNT, "rows that only the rebuild has", False),
        Column("extra", COUNT, "rows that only the table has, and repeated rows", False),
        Column("mismatched", COUNT, "compared rows whose two values are not the same", False),
        Column("example", TEXT, "a row that is missing, extra or mismatched; null: none"),
        Column("inputs", TEXT, "JSON: table to the version read", False),
        Column(
            "rebuilt_at", TIMESTAMP, "when every month was rebuilt after the check; null: not yet"
        ),
    ),
    key=("checked_at", "table", "column"),
)
DRIFT = Table(
    layer="gold",
    name="drift",
    description="Columns of a month's rows against those of the same month a year before.",
    columns=(
        Column("checked_at", TIMESTAMP, "when the check began", False),
        Column("kind", TEXT, "feature, target or forecast", False),
        Column("column", TEXT, "feature, or column of the panel or of the forecasts", False),
        Column("month", DATE, "month whose rows were judged, first day", False),
        Column("reference", DATE, "the same month a year before, first day", False),
        Column("rows", COUNT, "rows of the month", False),
        Column("reference_rows", COUNT, "rows of the reference", False),
        Column("psi", RATE, "population stability index over at most eleven bins", False),
        Column("threshold", RATE, "index that chance exceeds once in a hundred checks", False),
        Column("is_drifted", FLAG, "whether the index is above the threshold", False),
    ),
    key=("checked_at", "kind", "column"),
)
MODEL_HISTORY = Table(
    layer="gold",
    name="model_history",
    description="Decisions about models; the newest row of a horizon names the horizon's champion.",
    columns=(
        Column("decided_at", TIMESTAMP, "when the decision was made", False),
        Column("horizon", WHOLE, "months from cutoff to target month", False),
        Column("decision", TEXT, "promoted, forced, refused, rolled back or found", False),
        Column("candidate", TEXT, "registered version that was to become champion", False),
        Column("champion", TEXT, "champion before the decision; null: no champion"),
        Column("champion_after", TEXT, "champion after the decision; null: no champion"),
        Column("reason", TEXT, "reason of the decision, in sentences", False),
        Column("figures", TEXT, "JSON: errors of each model by segment; null: not scored"),
        Column("inputs", TEXT, "digest of what was compared, and by which rules", False),
    ),
    key=("decided_at", "horizon"),
    checks=(
        Check(
            "decision_known",
            "decision IN ('promoted', 'forced', 'refused', 'rolled back', 'found')",
            "a decision is of a kind that the program knows",
        ),
    ),
)
MODEL_FILES = Table(
    layer="gold",
    name="model_files",
    description="Digests of each model's files; a model is checked against them before use.",
    columns=(
        Column("run", TEXT, "MLflow run that keeps the model", False),
        Column("estimator", TEXT, "family or package.module:Factory that jobs.train named", False),
        Column("recipe", TEXT, "SHA-256 of the recipe's text", False),
        Column("files", TEXT, "SHA-256 of the names and bytes of the model's files", False),
        Column("kept_at", TIMESTAMP, "when the digests were stored", False),
    ),
    key=("run",),
)
FORECAST_SCORES = Table(
    layer="gold",
    name="forecast_scores",
    description="Served forecasts against what was sold, and naive forecasts of the same rows.",
    columns=(
        Column("version", TEXT, "forecast version", False),
        Column("month", DATE, "target month, closed, first day", False),
        Column("horizon", WHOLE, "months from cutoff to target month", False),
        Column(
            "segment", TEXT, "how rows are divided, by what was known at the cutoff; all", False
        ),
        Column("value", TEXT, "which of the segment's values, or which shop or category", False),
        Column("model", TEXT, "served, or the name of a naive baseline", False),
        Column("run", TEXT, "MLflow run that made the served forecasts", False),
        *SCORES,
        Column("cells", TEXT, "digest of the month's sales that were scored against", False),
        Column("scored_at", TIMESTAMP, "when the scores were computed", False),
    ),
    key=("version", "month", "segment", "value", "model"),
)
