"""Silver tables: sales, catalogue and months, cleaned and deduplicated."""

from lakehouse.table import Check, Column, Table
from lakehouse.tables.bronze import PROVENANCE
from lakehouse.types import ATTRIBUTES, COUNT, DATE, FLAG, PRICE, TEXT, TIMESTAMP, UNITS

# The category or attribute of a shop or an item whose catalogue states none.
UNKNOWN = "unknown"
MONTH = Column("month", DATE, "first day of the month", False)

DAILY_SALES = Table(
    layer="silver",
    name="daily_sales",
    description="The latest version of every sale; a cancelled one stays as a tombstone.",
    columns=(
        Column("sale_id", TEXT, "identity of the sale, as the profile defines it", False),
        Column("date", DATE, "business date; null: a cancel that was ingested before the sale"),
        Column("month", DATE, "first day of the month of date; null if date is null"),
        Column(
            "shop_id", TEXT, "shop as the source wrote it, before aliases; null if date is null"
        ),
        Column("item_id", TEXT, "item; null if date is null"),
        Column("units", UNITS, "units sold; negative: returned; null if date is null"),
        Column("price", PRICE, "currency per unit; null: not known"),
        Column("updated_at", TIMESTAMP, "time of this version of the sale", False),
        Column("is_cancelled", FLAG, "true: cancelled, no live sale", False),
        *PROVENANCE,
        Column("ingested_at", TIMESTAMP, "when this version was written to this table", False),
    ),
    key=("sale_id",),
    partition_by=("month",),
    checks=(
        Check(
            "live_sale_is_complete",
            "is_cancelled OR (date IS NOT NULL AND shop_id IS NOT NULL "
            "AND item_id IS NOT NULL AND units IS NOT NULL)",
            "a live sale has a date, a shop, an item and units",
        ),
    ),
    change_feed=True,
)
DAILY_OFFERS = Table(
    layer="silver",
    name="daily_offers",
    description="Days on which a record states zero units: the item was on offer in the shop.",
    columns=(
        Column("date", DATE, "business date", False),
        MONTH,
        Column("shop_id", TEXT, "shop as the source wrote it, before aliases", False),
        Column("item_id", TEXT, "item", False),
        *PROVENANCE,
    ),
    key=("date", "shop_id", "item_id"),
    partition_by=("month",),
)
REPLACED_DAYS = Table(
    layer="silver",
    name="replaced_days",
    description="The newest replacement of each shop-day; older sales of the day are cancelled.",
    columns=(
        Column("shop_id", TEXT, "shop as the source wrote it, before aliases", False),
        Column("date", DATE, "business date", False),
        MONTH,
        Column("updated_at", TIMESTAMP, "time of the replacement", False),
        *PROVENANCE,
    ),
    key=("shop_id", "date"),
)
SALE_MONTHS = Table(
    layer="silver",
    name="sale_months",
    description="Index of daily_sales: the months where a sale is or was stored. Only lakes whose "
    "sales may change month have the index; after a removal, the next ingest builds it again.",
    columns=(
        Column("fingerprint", COUNT, "64 bits computed from the sale_id", False),
        Column("month", DATE, "month of daily_sales; null: cancelled sales without a month"),
    ),
    key=("fingerprint", "month"),
    kept_apart="fingerprint",
)
SHOPS = Table(
    layer="silver",
    name="shops",
    description="The shops that a list or message names; present attributes apply to all history.",
    columns=(
        Column("shop_id", TEXT, "shop", False),
        Column("name", TEXT, "name; null: not known"),
        Column(
            "alias_of", TEXT, "the shop that this id is another name of; null: this id is no alias"
        ),
        Column("attributes", ATTRIBUTES, "attributes that the profile derives", False),
        Column("updated_at", TIMESTAMP, "time of this version", False),
    ),
    key=("shop_id",),
)
ITEMS = Table(
    layer="silver",
    name="items",
    description="The items that a list or message names; present categories apply to all history.",
    columns=(
        Column("item_id", TEXT, "item", False),
        Column("name", TEXT, "name; null: not known"),
        Column("category_id", TEXT, "category; 'unknown' where the source names none", False),
        Column("category_name", TEXT, "name of the category; null: not known"),
        Column("listed_on", DATE, "first day in the retailer's list; null: not known"),
        Column("attributes", ATTRIBUTES, "attributes that the profile derives", False),
        Column("updated_at", TIMESTAMP, "time of this version", False),
    ),
    key=("item_id",),
)
MONTHS = Table(
    layer="silver",
    name="months",
    description="The lake's months, without gaps; the last one is open and receives sales.",
    columns=(
        MONTH,
        Column("status", TEXT, "open or closed", False),
        Column("closed_at", TIMESTAMP, "when the month was closed; null: open"),
    ),
    key=("month",),
    checks=(Check("status_known", "status IN ('open', 'closed')", "a month is open or closed"),),
)
