"""Tables of planners' overrides: the ledger, and whether overrides were better than the model."""

from lakehouse.table import Column, Table
from lakehouse.types import COUNT, DATE, FEATURE, RATE, TEXT, TIMESTAMP

CELL = (
    Column("shop_id", TEXT, "shop, aliases resolved", False),
    Column("item_id", TEXT, "item", False),
    Column("month", DATE, "target month, first day", False),
)
OVERRIDES = Table(
    layer="gold",
    name="overrides",
    description="Numbers that planners put beside forecasts; rows are only ever added.",
    columns=(
        *CELL,
        Column("change", COUNT, "number of the commit; the greatest of a cell counts", False),
        Column("units", RATE, "units that the planner expects; null: the override is withdrawn"),
        Column("reason", TEXT, "reason code, one of OVERRIDE_REASONS; null: withdrawn"),
        Column("comment", TEXT, "the planner's comment; null: none"),
        Column("author", TEXT, "holder of the key that sent the override", False),
        Column("recorded_at", TIMESTAMP, "when the override was accepted", False),
        Column("version", TEXT, "forecast version that was served then", False),
        Column("forecast", FEATURE, "units that the version forecasts; null: not forecast"),
    ),
    key=("shop_id", "item_id", "month", "change"),
)
OVERRIDE_SCORES = Table(
    layer="gold",
    name="override_scores",
    description="Overrides of closed months and the model's forecasts against what was sold.",
    columns=(
        Column("month", DATE, "target month, closed, first day", False),
        Column("shop_id", TEXT, "shop, aliases resolved", False),
        Column("reason", TEXT, "reason code of the overrides", False),
        Column("rows", COUNT, "overrides that counted when the month was closed", False),
        Column("better", COUNT, "overrides that were nearer to the sales than the model", False),
        Column("actual", RATE, "units sold, of these rows", False),
        Column("units", RATE, "units that planners expected", False),
        Column("forecast", RATE, "units that the model forecast when each was recorded", False),
        Column("model_error", RATE, "sum of the model's absolute errors, units", False),
        Column("override_error", RATE, "sum of the overrides' absolute errors, units", False),
        Column(
            "fva",
            RATE,
            "forecast value added: model_error − override_error, units; below 0: the overrides "
            "made forecasts worse",
            False,
        ),
        Column("inputs", TEXT, "digest of the month's sales and overrides", False),
        Column("scored_at", TIMESTAMP, "when the scores were computed", False),
    ),
    key=("month", "shop_id", "reason"),
)
