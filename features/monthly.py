"""Monthly cells: daily sales to pair months, pair months to the cells of every other group."""

from typing import TYPE_CHECKING

from features.group import ITEM, SHOP, FeatureGroup

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

UNKNOWN_CATEGORY = "unknown"


def resolve_aliases(rows: "DataFrame", shops: "DataFrame") -> "DataFrame":
    """Replace shop ids that are another name of a shop.

    Args:
        rows: ``[shop_id, …]``.
        shops: the table silver.shops.

    Returns:
        The rows with the same columns.
    """
    from pyspark.sql import functions as F

    aliases = shops.where("alias_of IS NOT NULL").select(SHOP, "alias_of")
    joined = rows.join(F.broadcast(aliases), on=SHOP, how="left")
    resolved = joined.withColumn(SHOP, F.coalesce("alias_of", SHOP))
    return resolved.select(*rows.columns)


def pair_days(sales: "DataFrame", offers: "DataFrame") -> "DataFrame":
    """Put live sales and days on offer into one form.

    Args:
        sales: live rows of silver.daily_sales.
        offers: rows of silver.daily_offers.

    Returns:
        ``[shop_id, item_id, month, date, units, price, is_offer]``; units and price null on offers.
    """
    offered = offers.selectExpr(
        SHOP,
        ITEM,
        "month",
        "date",
        "CAST(NULL AS DECIMAL(18,3)) AS units",
        "CAST(NULL AS DECIMAL(18,6)) AS price",
        "TRUE AS is_offer",
    )
    sold = sales.selectExpr(SHOP, ITEM, "month", "date", "units", "price", "FALSE AS is_offer")
    return sold.unionAll(offered)


def aggregate(rows: "DataFrame", group: FeatureGroup) -> "DataFrame":
    """Aggregate the rows below a group to its monthly cells.

    Args:
        rows: for the pair's group ``pair_days``; for others pair months with the group's keys.
        group: whose cells are wanted.

    Returns:
        ``[*keys, month, *measures]``, unique on keys and month, only cells that have a row.
    """
    from pyspark.sql import functions as F

    from lakehouse.types import sql_name

    measures = [
        F.expr(f"CAST({measure.sql} AS {sql_name(measure.type)})").alias(measure.name)
        for measure in group.measures
    ]
    return rows.groupBy(*group.keys, "month").agg(*measures)


def with_category(pair_months: "DataFrame", items: "DataFrame") -> "DataFrame":
    """Add the present category of each pair's item.

    Args:
        pair_months: ``[shop_id, item_id, month, …]``.
        items: the table silver.items.

    Returns:
        The rows and ``category_id``, ``unknown`` where the catalogue does not have the item.
    """
    from pyspark.sql import functions as F

    categories = items.select(ITEM, "category_id")
    joined = pair_months.join(F.broadcast(categories), on=ITEM, how="left")
    return joined.fillna({"category_id": UNKNOWN_CATEGORY})
