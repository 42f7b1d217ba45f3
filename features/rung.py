"""Rungs: the nearest history that a forecast can rest on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rung:
    """A kind of history, and the panel column that is null where there is none."""

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
    """Write the rung of a panel row in Spark SQL."""
    cases = " ".join(f"WHEN {rung.column} IS NOT NULL THEN '{rung.name}'" for rung in RUNGS)
    return f"CASE {cases} ELSE '{NO_HISTORY}' END"
