"""Features of every group → the panel: one row per shop, item and target month, model-ready.

    python -m jobs.build_panel --lake URI [--spine assortment|grid] [--from YYYY-MM]
        [--through YYYY-MM] [--rebuild]

Reads gold features_<group>, silver monthly_<group>, items, months. Writes gold panel (the spine
assortment) or panel_grid, only the months whose inputs changed since they were last assembled.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from features.feature_set import SPINES, FeatureSet, feature_set, panel_table
from features.tables import features_table, monthly_table
from jobs.command import Context, Job, add_lake_argument, lake_of, main, progress
from jobs.lineage import panel_digests, stale
from jobs.month_arguments import add_month_arguments, asked
from jobs.panel_task import PanelTask
from lakehouse.delta import log
from lakehouse.delta.months import replace_months
from lakehouse.delta.work import Piece, do_work
from lakehouse.lake import Lake
from lakehouse.lake_months import LakeMonths, read_months
from lakehouse.month_range import MonthRange
from lakehouse.table import Table
from lakehouse.tables.silver import ITEMS

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
    pieces = list(panel_pieces(lake, features, stale_months, months, arguments.spine))
    parts = do_work(lambda: context.spark, lake, pieces, task)
    written = replace_months(lake, table, stale_months, parts, made_from, is_whole=is_whole)
    return {
        "panel": table.path,
        "months": len(stale_months),
        "rows": written,
        "columns": len(features.names),
        "bytes": sum(part.size for part in parts),
    }


def panel_months(months: LakeMonths, spine: str) -> MonthRange:
    """Return the target months that a panel has: the open one only where no sale decides rows."""
    last = months.range.last if spine == SPINES[0] else months.cutoff or months.range.last
    return MonthRange(months.range.first, last)


def panel_pieces(
    lake: Lake, features: FeatureSet, targets: Sequence[date], months: LakeMonths, spine: str
) -> Iterator[Piece]:
    """Cut the assembly of target months: a piece per month and slice of its items."""
    files = files_by_month(lake, features)
    sizes = {table.path: log.month_rows(lake, table) for table in tables_read(features)}
    for month in targets:
        most = most_rows(features, sizes, month, spine)
        slices = max(1, -(-most // ROWS_PER_TASK))
        common = {
            "month": month,
            "slices": slices,
            "is_closed": months.cutoff is not None and month <= months.cutoff,
            "files": files(month),
        }
        for number in range(slices):
            yield Piece({**common, "slice": number}, most // slices)


def files_by_month(lake: Lake, features: FeatureSet) -> Callable[[date], dict[str, list[str]]]:
    """Return a function that lists the files a target month is assembled from, by table."""
    by_table = {table.path: log.month_files(lake, table) for table in tables_read(features)}
    catalogue = {ITEMS.path: log.all_files(lake, ITEMS)}
    return lambda month: {
        **{path: found.get(month, []) for path, found in by_table.items()},
        **catalogue,
    }


def most_rows(
    features: FeatureSet, sizes: dict[str, dict[date, int]], month: date, spine: str
) -> int:
    """Say how many rows a month's spine has at most: of shops and items known, or sold."""
    table = features_table if spine == SPINES[0] else monthly_table
    known = {g.name: sizes[table(g).path].get(month, 0) for g in features.groups}
    return known["shop"] * known["item"]


def tables_read(features: FeatureSet) -> list[Table]:
    """List the tables that a panel is assembled from, by month."""
    return [
        *(features_table(group) for group in features.groups),
        *(monthly_table(group) for group in features.groups),
    ]


JOB = Job("build_panel", "Assemble the panel of features and targets.", add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
