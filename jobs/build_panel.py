"""Features of every group → the panel: one row per shop, item and target month, model-ready.

    python -m jobs.build_panel --lake URI [--spine assortment|grid] [--from YYYY-MM]
        [--through YYYY-MM] [--rebuild]

Reads gold features_<group>, silver monthly_<group>, items, months. Writes gold panel (the spine
assortment) or panel_grid, only the months whose inputs changed since they were last assembled.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from features.feature_set import SPINES, FeatureSet, feature_set, panel_table
from features.tables import features_table, monthly_table
from jobs.command import Context, Job, add_lake_argument, lake_of, main, progress
from jobs.lineage import panel_digests, stale
from jobs.month_arguments import add_month_arguments, asked
from jobs.panel_task import WORK, PanelTask
from lakehouse.delta import log
from lakehouse.delta.months import Output, replace_months
from lakehouse.lake import Lake
from lakehouse.lake_months import LakeMonths, read_months
from lakehouse.month_range import MonthRange
from lakehouse.table import Table
from lakehouse.tables.silver import ITEMS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# A task holds its rows as one Arrow table: about 250 MB at 80 columns.
ROWS_PER_TASK = 500_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    add_month_arguments(parser)
    parser.add_argument(
        "--spine",
        choices=SPINES,
        default=SPINES[0],
        help="rows: the pairs that a retailer would ask for, or shops × items with a sale in the "
        "month (known only afterwards; for comparison with published work)",
    )
    parser.add_argument("--rebuild", action="store_true", help="also what did not change")


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Assemble the months that are stale."""
    lake = lake_of(context, arguments)
    profile = lake.profile()
    features = feature_set(profile.target_clip)
    months = read_months(lake)
    table = panel_table(features, arguments.spine)
    wanted = asked(arguments, panel_months(months, arguments.spine))
    digests = panel_digests(lake, features, months, wanted, arguments.spine)
    stale_months = stale(digests, {} if arguments.rebuild else log.built(lake, table))
    if not stale_months:
        progress("panel: up to date")
        return {"panel": table.path, "months": 0, "rows": 0}
    progress("panel: %d months of %s", len(stale_months), table.path)
    task = PanelTask(lake, features, arguments.spine, profile.forecast)
    made_from = {month: digests[month] for month in stale_months}
    is_whole = stale_months == list(panel_months(months, arguments.spine))
    output = Output(table, stale_months, task.produce, lambda: made_from, is_whole)
    pieces = work(context.spark, lake, features, stale_months, months)
    (written,) = replace_months(lake, pieces, output)
    return {
        "panel": table.path,
        "months": len(stale_months),
        "rows": written.rows,
        "columns": len(features.names),
        "bytes": written.size,
    }


def panel_months(months: LakeMonths, spine: str) -> MonthRange:
    """Return the target months that a panel has: the open one only where no sale decides rows."""
    last = months.range.last if spine == SPINES[0] else months.cutoff or months.range.last
    return MonthRange(months.range.first, last)


def work(
    spark: "SparkSession",
    lake: Lake,
    features: FeatureSet,
    targets: Sequence[date],
    months: LakeMonths,
) -> "DataFrame":
    """List the pieces of work, one per Spark partition.

    Returns:
        The columns of ``WORK``.
    """
    files = files_by_month(lake, features)
    sizes = {table.path: log.month_rows(lake, table) for table in tables_read(features)}
    pieces = []
    for month in targets:
        slices = slice_count(features, sizes, month)
        common = {
            "month": month,
            "slices": slices,
            "is_closed": months.cutoff is not None and month <= months.cutoff,
            "files": json.dumps(files(month)),
        }
        pieces += [{**common, "slice": i} for i in range(slices)]
    numbered = pa.Table.from_pylist(pieces, WORK).append_column(
        "id", pa.array(range(len(pieces)), pa.int32())
    )
    return spark.createDataFrame(numbered).repartitionById(len(pieces), "id").drop("id")


def files_by_month(lake: Lake, features: FeatureSet) -> Callable[[date], dict[str, list[str]]]:
    """Return a function that lists the files a target month is assembled from, by table."""
    by_table = {table.path: log.month_files(lake, table) for table in tables_read(features)}
    catalogue = {ITEMS.path: log.all_files(lake, ITEMS)}
    return lambda month: {
        **{path: found.get(month, []) for path, found in by_table.items()},
        **catalogue,
    }


def slice_count(features: FeatureSet, sizes: dict[str, dict[date, int]], month: date) -> int:
    """Say into how many slices a month's items are cut, by the greatest spine that it may have."""
    known = {g.name: sizes[features_table(g).path].get(month, 0) for g in features.groups}
    return max(1, -(-known["shop"] * known["item"] // ROWS_PER_TASK))


def tables_read(features: FeatureSet) -> list[Table]:
    """List the tables that a panel is assembled from, by month."""
    return [
        *(features_table(group) for group in features.groups),
        *(monthly_table(group) for group in features.groups),
    ]


JOB = Job("build_panel", "Assemble the panel of features and targets.", add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
