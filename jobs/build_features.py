"""Daily sales → monthly cells and features of every group.

    python -m jobs.build_features --lake URI [--from YYYY-MM] [--through YYYY-MM] [--rebuild]

Reads silver daily_sales, daily_offers, shops, items, months. Writes silver monthly_<group> and
gold features_<group>, only the months whose inputs changed since they were last built.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from features import monthly
from features.compute import compute
from features.group import FeatureGroup
from features.groups import feature_groups
from features.tables import features_table, monthly_table
from jobs.command import Context, Job, add_lake_argument, lake_of, main, progress
from jobs.lineage import cell_digests, feature_digests, stale
from jobs.month_arguments import add_month_arguments, asked
from lakehouse.delta import log, rows
from lakehouse.delta.months import Written, replace_months
from lakehouse.lake import Lake
from lakehouse.lake_months import read_months
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.sales.versions import live
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, SHOPS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# A task holds the history of a bucket of series as arrays: about 100 MB a measure at this size.
CELLS_PER_BUCKET = 250_000
HORIZON = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    add_month_arguments(parser)
    parser.add_argument("--rebuild", action="store_true", help="also what did not change")


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Build what is stale."""
    lake = lake_of(context, arguments)
    groups = feature_groups(lake.profile().target_clip)
    history = read_months(lake).range
    wanted = asked(arguments, MonthRange(history.first, plus_months(history.last, HORIZON)))
    built = log.built if not arguments.rebuild else lambda *_: {}
    cells = build_cells(context, lake, groups, history, wanted, built)
    features = build_features(context, lake, groups, history, wanted, built)
    return {"cells": cells, "features": features}


def build_cells(
    context: Context,
    lake: Lake,
    groups: Sequence[FeatureGroup],
    history: MonthRange,
    wanted: MonthRange,
    built: Callable[..., dict[date, str]],
) -> dict[str, int]:
    """Aggregate the months whose sales, offers or catalogue changed, for every group.

    Returns:
        Group → rows written.
    """
    digests = {m: d for m, d in cell_digests(lake, history).items() if m in wanted}
    tables = [monthly_table(group) for group in groups]
    months = sorted({m for table in tables for m in stale(digests, built(lake, table))})
    if not months:
        progress("cells: up to date")
        return {}
    progress("cells: %d months, %s to %s", len(months), months[0], months[-1])
    pair, *others = groups
    made_from = {month: digests[month] for month in months}
    pair_months = pair_cells(context.spark, lake, pair, months).persist()
    written = {pair.name: replace_cells(lake, pair, pair_months, months, made_from)}
    categorised = monthly.with_category(pair_months, rows.read(context.spark, lake, ITEMS))

    def write(group: FeatureGroup) -> Written:
        return replace_cells(lake, group, monthly.aggregate(categorised, group), months, made_from)

    written |= zip((g.name for g in others), in_parallel(write, others), strict=True)
    pair_months.unpersist()
    return {name: result.rows for name, result in written.items()}


def pair_cells(
    spark: "SparkSession", lake: Lake, pair: FeatureGroup, months: Sequence[date]
) -> "DataFrame":
    """Aggregate the pair's cells of some months from daily sales and offers."""
    sales = live(rows.read(spark, lake, DAILY_SALES))
    offers = rows.read(spark, lake, DAILY_OFFERS)
    days = monthly.pair_days(in_months(sales, months), in_months(offers, months))
    resolved = monthly.resolve_aliases(days, rows.read(spark, lake, SHOPS))
    # Hashed by item alone, the buckets also serve the groups whose key has the item.
    return monthly.aggregate(resolved.repartition(buckets(lake, DAILY_SALES), "item_id"), pair)


def in_months(rows_: "DataFrame", months: Sequence[date]) -> "DataFrame":
    """Keep the rows of some months; the months are few and prune partitions."""
    from pyspark.sql import functions as F

    return rows_.where(F.col("month").isin(list(months)))


def buckets(lake: Lake, table: Any) -> int:
    """Say into how many parts the rows of a table are split for the workers."""
    return max(2, -(-log.row_count(lake, table) // CELLS_PER_BUCKET))


def replace_cells(
    lake: Lake,
    group: FeatureGroup,
    cells: "DataFrame",
    months: Sequence[date],
    made_from: dict[date, str],
) -> Written:
    """Write a group's cells."""
    return replace_months(lake, monthly_table(group), cells, months, made_from=made_from)


def build_features(
    context: Context,
    lake: Lake,
    groups: Sequence[FeatureGroup],
    history: MonthRange,
    wanted: MonthRange,
    built: Callable[..., dict[date, str]],
) -> dict[str, int]:
    """Compute the target months whose cells before them changed, for every group.

    Returns:
        Group → rows written.
    """

    def build(group: FeatureGroup) -> int:
        targets = MonthRange(plus_months(history.first, 1), plus_months(history.last, HORIZON))
        digests = feature_digests(lake, group, history, targets)
        table = features_table(group)
        months = [m for m in stale(digests, built(lake, table)) if m in wanted]
        if not months:
            return 0
        cells = rows.read(context.spark, lake, monthly_table(group))
        parts = cells.repartition(buckets(lake, monthly_table(group)), group.keys[-1])
        made_from = {month: digests[month] for month in months}
        produce = partial(compute, history=history, months=months, group=group)
        return replace_months(lake, table, parts, months, produce, made_from).rows

    written = dict(zip((g.name for g in groups), in_parallel(build, groups), strict=True))
    progress("features: %s", written)
    return {name: count for name, count in written.items() if count}


def in_parallel(work: Callable[[FeatureGroup], Any], groups: Sequence[FeatureGroup]) -> list[Any]:
    """Run the Spark jobs of several groups side by side: small ones leave cores idle."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(work, groups))


JOB = Job("build_features", "Build monthly cells and features of every group.", add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
