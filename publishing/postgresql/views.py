"""Views for analysts: a question for each view, and a comment for each column."""

from dataclasses import dataclass
from importlib import resources

from lakehouse.table import Table
from lakehouse.tables.gold import FORECAST_SCORES, FORECAST_VERSIONS, FORECASTS
from lakehouse.tables.silver import ITEMS, MONTHS, SHOPS

Commented = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class View:
    """A view over the newest copies.

    Attributes:
        name: name of the view; the query is in ``sql/<name>.sql``.
        question: the analyst's question that a query of the view answers.
        columns: (name, comment) of each column, in order.
    """

    name: str
    question: str
    columns: Commented

    @property
    def query(self) -> str:
        """The view's SELECT statement; ``{copies}`` stands for the schema of the copies."""
        return read_query(self.name)


def read_query(name: str) -> str:
    """Read a query of the folder ``sql``."""
    file = resources.files("publishing.postgresql") / "sql" / f"{name}.sql"
    return file.read_text(encoding="utf-8")


def of(table: Table, *names: str) -> Commented:
    """Return columns with the comments of the lake's table."""
    comments = {column.name: column.comment for column in table.columns}
    return tuple((name, comments[name]) for name in names)


PAIR = of(FORECASTS, "shop_id", "item_id")
UNITS = of(FORECASTS, "units")
INTERVAL = of(FORECASTS, "p10", "p50", "p90", "p95")
SHOP_NAME = (("shop_name", f"shop: {dict(of(SHOPS, 'name'))['name']}"),)
ITEM_NAME = (("item_name", f"item: {dict(of(ITEMS, 'name'))['name']}"),)
OVERRIDE = (("override", "units that a planner expects instead, the newest; null: none"),)
ACTUAL = (
    ("actual", "units sold, net of returns, clipped as the model's target; 0: no sale"),
    ("error", "forecast minus actual, units"),
)

VIEWS = (
    View(
        "forecast_current",
        "What will each shop sell of each item in the next months?",
        (
            *of(FORECASTS, "shop_id"),
            *SHOP_NAME,
            *of(FORECASTS, "item_id"),
            *ITEM_NAME,
            *of(ITEMS, "category_id", "category_name"),
            *of(FORECASTS, "month", "horizon", "units", "p10", "p50", "p90", "p95"),
            *of(FORECASTS, "rung", "version", "cutoff", "model", "generated_at"),
            *OVERRIDE,
        ),
    ),
    View(
        "forecast_vs_actual",
        "What was forecast for each closed month, and what was sold?",
        (
            *of(FORECASTS, "version", "shop_id", "item_id", "month", "horizon"),
            *UNITS,
            *INTERVAL,
            *ACTUAL,
            ("in_interval", "true: p10 <= actual <= p90; null: no quantiles"),
            *of(FORECASTS, "rung", "cutoff", "model"),
            *OVERRIDE,
        ),
    ),
    View(
        "accuracy",
        "How accurate were served forecasts by shop, category and month, beside naive ones?",
        (
            *of(FORECAST_SCORES, "month", "horizon", "version", "segment", "value"),
            ("name", "name of the shop or category; null: another segment, or not known"),
            *of(FORECAST_SCORES, "rows", "volume", "wape", "bias", "coverage"),
            ("naive_wape", "wape of the best naive forecast of the same rows; null: none"),
            ("beats_naive", "true: wape is below naive_wape; null: one of them is null"),
        ),
    ),
    View(
        "shop_month_total",
        "What did each shop sell in total each month, and what is forecast?",
        (
            *of(FORECASTS, "shop_id"),
            *SHOP_NAME,
            ("month", "first day of the month"),
            ("status", f"{dict(of(MONTHS, 'status'))['status']}; null: a later month"),
            ("sold_units", "units sold, net of returns; null: no sale"),
            ("revenue", "currency that buyers paid; null: no sale"),
            ("items_sold", "items sold or on offer; null: none"),
            ("forecast_units", "sum of the mean units forecast; null: no forecast"),
            ("items_forecast", "items forecast; null: none"),
            ("version", "newest published version that forecasts the month; null: none"),
        ),
    ),
    View(
        "year_over_year",
        "How do the forecasts compare with the same month last year?",
        (
            *PAIR,
            *of(FORECASTS, "month"),
            *UNITS,
            *of(FORECASTS, "p10", "p90"),
            ("units_last_year", "units sold in the same month last year; 0: no sale"),
            ("change", "forecast minus units_last_year, units"),
        ),
    ),
    View(
        "forecast_revisions",
        "How did the forecast of a month change from version to version?",
        (
            *PAIR,
            *of(FORECASTS, "month", "version", "cutoff", "horizon"),
            *UNITS,
            ("change", "units minus those of the version before; null: the first version"),
            *of(FORECAST_VERSIONS, "status", "published_at"),
        ),
    ),
    View(
        "greatest_misses",
        "Which items of each shop did the forecast of the last closed month miss most?",
        (
            ("place", "place within the shop, 1: the greatest absolute error"),
            *of(FORECASTS, "shop_id"),
            *SHOP_NAME,
            *of(FORECASTS, "item_id"),
            *ITEM_NAME,
            *of(FORECASTS, "month", "units", "p10", "p90"),
            *ACTUAL,
            *of(FORECASTS, "rung", "version"),
        ),
    ),
    View(
        "item_life",
        "Which items of a shop are new, and which are ending?",
        (
            *PAIR,
            *ITEM_NAME,
            ("first_sold", "first month with a sale; null: never sold"),
            ("last_sold", "last month with a sale; null: never sold"),
            ("units_last_year", "units sold in the last 12 closed months; null: none"),
            ("forecast_units", "mean units forecast, all months together; null: not forecast"),
            ("rung", "history that the forecast rests on; null: not forecast"),
            (
                "stage",
                "not forecast; never sold; new: first sale within the last 3 closed months; "
                "ending: no sale in the last 6; steady",
            ),
        ),
    ),
    View(
        "copy_status",
        "What does the copy have, and how old is each part?",
        (
            ("table_name", "table of the copy"),
            ("unit", "all, a month as YYYY-MM, or a forecast version"),
            ("rows", "rows copied"),
            ("published_at", "when readers first saw these rows"),
        ),
    ),
)
