"""Panel build: gold features of every group → model-ready rows per shop, item and target month.

    python -m jobs.build_panel --lake URI [--spine assortment|grid] [--horizons 1,2,3]
        [--from YYYY-MM] [--through YYYY-MM] [--known-at TIMESTAMP] [--rebuild]

Reads gold features_<group>, silver monthly_<group>, items, months. Writes gold panel (the spine
assortment) or panel_grid, for a longer horizon panel_h2 and so on; only the months whose inputs
changed since the last build. With --known-at the command replays the bronze sales_events and
catalogue_events received by that time into a separate lake in a folder of this lake, builds cells,
features and panel there, and names the separate lake in the result line.
"""

import argparse
import sys
from collections.abc import Mapping
from datetime import datetime

from cli.arguments import (
    add_horizons_argument,
    add_lake_argument,
    add_month_arguments,
    asked,
    lake_of,
)
from cli.command import Job, main
from feature_store.build import Build
from feature_store.panel.assembly import build, panel_months
from feature_store.panel.rows import PanelRows, name_months
from features.feature_set import SPINES, feature_set
from ingestion.known_at.replay import replay
from ingestion.lake_months import read_months
from lakehouse.context import Context
from lakehouse.delta.work import Executor
from lakehouse.errors import UsageError
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from lakehouse.values import timestamp


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    add_month_arguments(parser)
    add_horizons_argument(parser)
    parser.add_argument(
        "--spine",
        choices=SPINES,
        default=SPINES[0],
        help="rows: the pairs that a retailer would ask for, or shops × items with a sale in the "
        "month (known only afterwards; for comparison with published work)",
    )
    parser.add_argument(
        "--known-at",
        type=moment,
        metavar="TIMESTAMP",
        help="build the panel from records received by this time (ISO; UTC if no zone is named), "
        "in a separate lake that train, backtest and forecast take as --lake",
    )
    parser.add_argument("--rebuild", action="store_true", help="build unchanged months too")


def moment(text: str) -> datetime:
    """Parse an ISO timestamp.

    Raises:
        ArgumentTypeError: the text is no ISO timestamp.
    """
    if (parsed := timestamp(text)) is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not an ISO timestamp, as 2015-04-01T06:00")
    return parsed


def run(context: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Assemble the stale months of each horizon's panel."""
    lake = lake_of(context, arguments)
    profile = stored_profile(lake)
    if arguments.known_at is not None:
        lake = lake_known_at(context, lake, profile, arguments)
    features = feature_set(profile)
    months = read_months(lake)
    panels = [
        PanelRows(lake, features, arguments.spine, tuple(targets), horizon)
        for horizon in arguments.horizons
        for targets in [asked(arguments, panel_months(months, arguments.spine, horizon))]
    ]
    executor = Executor(lambda: context.spark)
    built = [build(executor, panel, months, is_redone=arguments.rebuild) for panel in panels]
    empty = {panel.table.path: report_empty_months(panel) for panel in panels}
    return {
        "lake": lake.root,
        "panel": ",".join(panel.table.path for panel in panels),
        "months": sum(panel.months for panel in built),
        "rows": sum(panel.rows for panel in built),
        "bytes": sum(panel.bytes for panel in built),
        "columns": len(features.names),
        "months_without_rows": {path: texts for path, texts in empty.items() if texts},
    }


def report_empty_months(panel: PanelRows) -> list[str]:
    """Return and log the panel's months without rows: no shop sold, or nothing was on offer."""
    empty = panel.empty_months()
    if empty:
        progress("%s: no rows in %s", panel.table.path, name_months(empty))
    return [f"{month:%Y-%m}" for month in empty]


def lake_known_at(
    context: Context, lake: Lake, profile: Profile, arguments: argparse.Namespace
) -> Lake:
    """Replay the records received by ``--known-at`` into a separate lake; build its features.

    Raises:
        UsageError: the time is in the future; name a past time.
    """
    at = arguments.known_at
    if at > context.now:
        raise UsageError(f"--known-at {at.isoformat()} lies in the future; name a past time.")
    progress("replaying the records received by %s", at.isoformat())
    replayed = replay(lambda: context.spark, lake, profile, at, is_redone=arguments.rebuild)
    Build.of(replayed, lambda: context.spark).run()
    return replayed


JOB = Job("build_panel", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
