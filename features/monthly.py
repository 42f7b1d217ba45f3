"""Monthly cells: daily sales to pair months, pair months to the cells of every other group."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.group import CATEGORY, ITEM, SHOP, UNKNOWN_CATEGORY, FeatureGroup
from features.groups import PAIR_REVENUE, PAIR_UNITS
from features.measure import integer_sql

PAIR_DAY = (SHOP, ITEM, "month", "date")


def resolve_aliases(rows: DataFrame, shops: DataFrame) -> DataFrame:
    """Replace shop ids that are another name of a shop.

    Args:
        rows: ``[shop_id, …]``.
        shops: the table silver.shops.

    Returns:
        The rows with the same columns.
    """
    aliases = shops.where("alias_of IS NOT NULL").select(SHOP, "alias_of")
    joined = rows.join(F.broadcast(aliases), on=SHOP, how="left")
    resolved = joined.withColumn(SHOP, F.coalesce("alias_of", SHOP))
    return resolved.select(*rows.columns)


def pair_days(sales: DataFrame, offers: DataFrame) -> DataFrame:
    """Put live sales and days on offer into one form.

    Args:
        sales: live rows of silver.daily_sales.
        offers: rows of silver.daily_offers.

    Returns:
        ``[shop_id, item_id, month, date, units, revenue, is_offer]``, amounts in integer form;
        both are null on offers, revenue also where the price is not known.
    """
    offered = offers.selectExpr(
        *PAIR_DAY,
        "CAST(NULL AS BIGINT) AS units",
        "CAST(NULL AS BIGINT) AS revenue",
        "TRUE AS is_offer",
    )
    sold = sales.selectExpr(
        *PAIR_DAY,
        f"{integer_sql(PAIR_UNITS.scale, 'units')} AS units",
        f"{integer_sql(PAIR_REVENUE.scale, 'units', 'price')} AS revenue",
        "FALSE AS is_offer",
    )
    return sold.unionAll(offered)


def aggregate(rows: DataFrame, group: FeatureGroup) -> DataFrame:
    """Aggregate the rows below a group to its monthly cells.

    Args:
        rows: for the pair's group ``pair_days``; for others cells with the group's keys.
        group: whose cells are wanted.

    Returns:
        ``[*keys, month, *measures]`` in integer form, unique on keys and month.
    """
    measures = [F.expr(measure.sql).alias(measure.name) for measure in group.measures]
    return rows.groupBy(*group.keys, "month").agg(*measures)


def integer_form(cells: DataFrame, group: FeatureGroup) -> DataFrame:
    """Turn stored cells into their integer form.

    Args:
        cells: the columns of the group's monthly table.
        group: whose cells they are.
    """
    return cells.selectExpr(
        *group.keys,
        "month",
        *(
            f"{integer_sql(m.scale, m.name)} AS {m.name}" if m.scale > 1 else m.name
            for m in group.measures
        ),
    )


def with_category(pair_months: DataFrame, items: DataFrame) -> DataFrame:
    """Add the present category of each pair's item.

    Args:
        pair_months: ``[shop_id, item_id, month, …]``.
        items: the table silver.items.

    Returns:
        The rows and ``category_id``, ``unknown`` where the catalogue does not have the item.
    """
    categories = items.select(ITEM, CATEGORY)
    joined = pair_months.join(F.broadcast(categories), on=ITEM, how="left")
    return joined.fillna({CATEGORY: UNKNOWN_CATEGORY})
