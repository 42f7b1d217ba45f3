"""Segments: kinds of panel rows with separate error metrics, as SQL over panel columns."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from features.group import CATEGORY, ITEM, SHOP
from lakehouse.tables.gold import ALL_ROWS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# Mean monthly units of a pair. The low bounds double, as half of a slow mover's months are empty;
# the high bounds divide a supermarket's demand, which a clipped target never reaches.
DEMAND_BOUNDS = (0, 0.5, 1, 2, 5, 20, 100)
PAIR_MEAN = "coalesce(shop_item_target_mean_12, 0)"
ITEM_MEAN = "item_target_mean_12"
TOP = 100
UNSOLD_MONTHS = 6
ITEM_RANK = "item_rank"


@dataclass(frozen=True)
class Segment:
    """A way to divide panel rows.

    Args:
        name: name of the segment in results.
        sql: SQL over panel columns and ``item_rank`` that gives a row's value, text; null: the row
            has no value in the segment.
        meaning: explanation of the values.
        values: the values in display order; empty: the values are ids of the lake.
    """

    name: str
    sql: str
    meaning: str
    values: tuple[str, ...] = ()


def demand_values() -> tuple[str, ...]:
    """Return the names of the demand bins, the lowest first."""
    between = (f"{low:g}-{high:g}" for low, high in pairwise(DEMAND_BOUNDS))
    return ("0", *between, f"{DEMAND_BOUNDS[-1]:g}+")


def demand_sql() -> str:
    """Write the SQL for the demand bin of a panel row; each bin includes its upper bound."""
    bins = zip(DEMAND_BOUNDS, demand_values(), strict=False)
    cases = " ".join(f"WHEN {PAIR_MEAN} <= {bound} THEN '{name}'" for bound, name in bins)
    return f"CASE {cases} ELSE '{demand_values()[-1]}' END"


DEMAND = Segment(
    "demand",
    demand_sql(),
    "pair's mean monthly units over the last 12 months, upper bound included; 0: none, or unknown",
    demand_values(),
)
SEGMENTS = (
    Segment(ALL_ROWS, f"'{ALL_ROWS}'", "every row", (ALL_ROWS,)),
    DEMAND,
    Segment(
        "item",
        f"CASE WHEN coalesce(item_sales_age_all, 0) <= 1 THEN 'new' "
        f"WHEN item_sales_since_all > {UNSOLD_MONTHS} THEN 'unsold {UNSOLD_MONTHS} months' "
        "ELSE 'selling' END",
        f"new: first sold in the cutoff month or never; unsold {UNSOLD_MONTHS} months: anywhere",
        ("new", "selling", f"unsold {UNSOLD_MONTHS} months"),
    ),
    Segment(
        "rank",
        f"CASE WHEN {ITEM_RANK} IS NOT NULL THEN 'top {TOP}' ELSE 'below' END",
        f"the {TOP} items of the greatest mean monthly units over the last 12 months",
        (f"top {TOP}", "below"),
    ),
    Segment("shop", SHOP, "shop"),
    Segment("category", CATEGORY, "present category"),
)


def segmented(rows: "DataFrame", ranked_by: "DataFrame | None" = None) -> "DataFrame":
    """Add the column ``segments``: the value of each row in every segment.

    Args:
        rows: ``[shop_id, item_id, category_id, month]`` and the panel columns that segments read.
        ranked_by: panel rows to rank items by, ``[item_id, month, item_target_mean_12]``; None:
            rank by ``rows``, which computes forecasts in ``rows`` twice.

    Returns:
        The columns of ``rows`` and ``segments``, an array of ``(segment, value)``.
    """
    from pyspark.sql import functions as F

    ranks = top_items(rows if ranked_by is None else ranked_by)
    ranked = rows.join(F.broadcast(ranks), on=["month", ITEM], how="left")
    each = [
        F.struct(F.lit(s.name).alias("segment"), F.expr(s.sql).alias("value")) for s in SEGMENTS
    ]
    return ranked.withColumn("segments", F.array(*each)).drop(ITEM_RANK)


def top_items(rows: "DataFrame") -> "DataFrame":
    """Rank the items by mean monthly units over the 12 months before each month.

    Args:
        rows: ``[item_id, month, item_target_mean_12]``.

    Returns:
        ``[month, item_id, item_rank]``, rank 1 for the largest mean, at most 100 rows per month;
        equal means rank by id. Items with mean 0 or null are left out.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    items = rows.groupBy("month", ITEM).agg(F.max(ITEM_MEAN).alias(ITEM_MEAN))
    order = Window.partitionBy("month").orderBy(F.desc(ITEM_MEAN), ITEM)
    sold = items.where(f"{ITEM_MEAN} > 0").withColumn(ITEM_RANK, F.row_number().over(order))
    return sold.where(f"{ITEM_RANK} <= {TOP}").select("month", ITEM, ITEM_RANK)
