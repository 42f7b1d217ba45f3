"""Rungs: the most specific sales history that a forecast rests on, from own history to none."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rung:
    """A kind of sales history.

    Attributes:
        name: the rung's name in forecasts.
        column: panel column that is null where this history is missing.
    """

    name: str
    column: str


RUNGS = (
    Rung("own history", "shop_item_sales_age_all"),
    Rung("item elsewhere", "item_sales_age_all"),
    Rung("category in shop", "shop_category_target_mean_3"),
    Rung("category", "category_target_mean_3"),
    Rung("shop", "shop_sales_age_all"),
)
NO_HISTORY = "no history"


def rung_sql() -> str:
    """Write a Spark SQL expression for the rung of a panel row: the first whose column is set."""
    cases = " ".join(f"WHEN {rung.column} IS NOT NULL THEN '{rung.name}'" for rung in RUNGS)
    return f"CASE {cases} ELSE '{NO_HISTORY}' END"
