"""Monthly cells as DataFrames: aggregated from daily sales, or as they are stored."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features import monthly
from features.group import ITEM, FeatureGroup
from features.tables import features_table, monthly_table
from lakehouse.delta import log, rows
from lakehouse.lake import Lake
from lakehouse.sales.versions import live
from lakehouse.table import Table
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, SHOPS

# A task holds its rows as Arrow, and as arrays of a bucket's series over all months: about
# 250 MB at this size. More and smaller ones only make more files.
ROWS_PER_BUCKET = 500_000


def aggregated_cells(
    spark: SparkSession, lake: Lake, groups: Sequence[FeatureGroup], months: Sequence[date]
) -> dict[str, DataFrame]:
    """Aggregate every group's cells of some months.

    Returns:
        Group → its cells in integer form; all rows of a key's last column in one partition.
    """
    pair, *others = groups
    pairs = pair_cells(spark, lake, pair, months).persist()
    above = monthly.with_category(pairs, rows.read(spark, lake, ITEMS))
    frames = {pair.name: pairs}
    for group in others:
        below = next((g for g in others if set(group.keys) < set(g.keys)), None)
        cells = monthly.aggregate(above if below is None else frames[below.name], group)
        frames[group.name] = in_buckets(lake, group, cells).persist()
    return frames


def pair_cells(
    spark: SparkSession, lake: Lake, pair: FeatureGroup, months: Sequence[date]
) -> DataFrame:
    """Aggregate the pair's cells of some months from daily sales and offers."""
    sales = in_months(live(rows.read(spark, lake, DAILY_SALES)), months)
    offers = in_months(rows.read(spark, lake, DAILY_OFFERS), months)
    days = monthly.pair_days(sales, offers)
    resolved = monthly.resolve_aliases(days, rows.read(spark, lake, SHOPS))
    # Hashed by item alone, the buckets also serve the item's own group without another shuffle.
    return monthly.aggregate(resolved.repartition(bucket_count(lake, DAILY_SALES), ITEM), pair)


def stored_cells(
    spark: SparkSession, lake: Lake, group: FeatureGroup, first: date | None
) -> DataFrame:
    """Read a group's cells in integer form, all rows of a key in one partition.

    Args:
        spark: the session.
        lake: where the cells are.
        group: whose cells are wanted.
        first: read no cells before this month, but the opening that features of it are; None:
            read all.
    """
    cells = monthly.integer_form(rows.read(spark, lake, monthly_table(group)), group)
    count = bucket_count(lake, monthly_table(group))
    if first is not None:
        features = rows.read(spark, lake, features_table(group)).where(F.col("month") == first)
        opening = features.select(*group.keys, *map(group.column, group.opening))
        recent = cells.where(F.col("month") >= first)
        cells = recent.unionByName(opening, allowMissingColumns=True)
    return cells.repartition(count, group.keys[-1])


def in_buckets(lake: Lake, group: FeatureGroup, cells: DataFrame) -> DataFrame:
    """Bring all rows of a key into one partition; the item's already are."""
    if ITEM in group.keys:
        return cells
    return cells.repartition(bucket_count(lake, SHOPS), group.keys[-1])


def in_months(dated: DataFrame, months: Sequence[date]) -> DataFrame:
    """Keep the rows of some months; naming them prunes partitions."""
    return dated.where(F.col("month").isin(list(months)))


def bucket_count(lake: Lake, table: Table) -> int:
    """Say into how many parts the rows of a table are split for the workers."""
    return max(1, -(-log.row_count(lake, table) // ROWS_PER_BUCKET))
