"""Segments: the kinds of panel rows whose errors are measured apart, as SQL over what is known."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from features.group import CATEGORY, ITEM, SHOP

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# Mean monthly units of a pair. Half of a slow mover's months are empty, so bins double there; the
# upper ones part what a clipped target never reaches from what a supermarket sells.
DEMAND_BOUNDS = (0, 0.5, 1, 2, 5, 20, 100)
PAIR_MEAN = "coalesce(shop_item_target_mean_12, 0)"
ITEM_MEAN = "item_target_mean_12"
TOP = 100
UNSOLD_MONTHS = 6
ITEM_RANK = "item_rank"
ALL = "all"


@dataclass(frozen=True)
class Segment:
    """A way to divide rows.

    Args:
        name: what it is called in results.
        sql: text, over panel columns and ``item_rank``; null: the row is in none of its values.
        meaning: what its values are.
        values: the values in the order to show them; empty: ids, as many as there are.
    """

    name: str
    sql: str
    meaning: str
    values: tuple[str, ...] = ()


def demand_values() -> tuple[str, ...]:
    """Name the bins of demand, the lowest first."""
    between = (f"{low:g}-{high:g}" for low, high in pairwise(DEMAND_BOUNDS))
    return ("0", *between, f"{DEMAND_BOUNDS[-1]:g}+")


def demand_sql() -> str:
    """Write the bin of demand that a panel row is in; each bin includes its upper bound."""
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
    Segment(ALL, f"'{ALL}'", "every row", (ALL,)),
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


def segmented(rows: "DataFrame", known: "DataFrame | None" = None) -> "DataFrame":
    """Say which segments each row is in.

    Args:
        rows: ``[shop_id, item_id, category_id, month]`` and the panel columns that segments read.
        known: panel rows to rank items by, ``[item_id, month, item_target_mean_12]``; those of
            ``rows`` where none are given. Forecasts are computed twice unless it is given.

    Returns:
        The columns of ``rows`` and ``segments``, an array of ``(segment, value)``.
    """
    from pyspark.sql import functions as F

    ranks = top_items(rows if known is None else known)
    ranked = rows.join(F.broadcast(ranks), on=["month", ITEM], how="left")
    each = [
        F.struct(F.lit(s.name).alias("segment"), F.expr(s.sql).alias("value")) for s in SEGMENTS
    ]
    return ranked.withColumn("segments", F.array(*each)).drop(ITEM_RANK)


def top_items(rows: "DataFrame") -> "DataFrame":
    """Rank the items that sold most before each month.

    Args:
        rows: ``[item_id, month, item_target_mean_12]``.

    Returns:
        ``[month, item_id, item_rank]``, at most a hundred rows a month; equal means rank by id.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    items = rows.groupBy("month", ITEM).agg(F.max(ITEM_MEAN).alias(ITEM_MEAN))
    order = Window.partitionBy("month").orderBy(F.desc(ITEM_MEAN), ITEM)
    sold = items.where(f"{ITEM_MEAN} > 0").withColumn(ITEM_RANK, F.row_number().over(order))
    return sold.where(f"{ITEM_RANK} <= {TOP}").select("month", ITEM, ITEM_RANK)
