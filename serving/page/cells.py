"""Monthly cells as the page reads them: silver.monthly_shop_item, without the other measures."""

from lakehouse.table import Column, Table
from lakehouse.tables.silver import MONTH
from lakehouse.types import TEXT, UNITS

# features/ declares the whole table, and the API starts without features; a test holds both to the
# same names and types.
PAIR_CELLS = Table(
    layer="silver",
    name="monthly_shop_item",
    description="Units of a shop, item and month; no row without a sale or an offer.",
    columns=(
        Column("shop_id", TEXT, "shop, aliases resolved", False),
        Column("item_id", TEXT, "item, aliases resolved", False),
        MONTH,
        Column("units", UNITS, "units net of returns", False),
    ),
    key=("shop_id", "item_id", "month"),
    partition_by=("month",),
)
