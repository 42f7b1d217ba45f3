"""Drift check: rows to forecast against those of the same month a year before → gold drift.

    python -m jobs.check_drift [--lake URI] [--spine assortment|grid]

Reads the gold panel of the month after the cutoff, of the cutoff, and of both a year before, in one
pass, and the forecasts of the month and of the month a year before. Appends a row for each feature,
the target and the forecast to gold drift: the population stability index, and the index that chance
exceeds once in a hundred checks at these numbers of rows. A season is no drift, as the same month
is compared. Drift is a hint, and changes no exit code: look at the errors of forecasts first
(jobs.score_forecasts).
"""

import argparse
import sys
from collections.abc import Mapping

from cli.arguments import add_lake_argument, lake_of
from cli.command import Job, main
from feature_store.drift.check import YEAR, DriftCheck, store
from feature_store.panel.rows import PanelRows
from features.feature_set import SPINES, feature_set
from ingestion.lake_months import closed_months
from lakehouse.context import Context
from lakehouse.errors import RefusedError
from lakehouse.month_range import plus_months
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress

MOST_NAMED = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    parser.add_argument(
        "--spine",
        choices=SPINES,
        default=SPINES[0],
        help=f"panel to look at (default: {SPINES[0]})",
    )


def run(context: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Compare the months, and store the result.

    Raises:
        RefusedError: the panel has no month a year before; take in a longer history.
    """
    lake = lake_of(context, arguments)
    features, cutoff = feature_set(stored_profile(lake)), closed_months(lake).last
    month = plus_months(cutoff, 1)
    panel = PanelRows(lake, features, arguments.spine, ())
    panel = panel.of(panel.assembled())
    check = DriftCheck(panel, month, context.now)
    before = f"{plus_months(month, -YEAR):%Y-%m}"
    if not check.compared():
        raise RefusedError(
            f"{panel.table.path} lacks {month:%Y-%m} or {before}: drift is judged against the year "
            "before; run jobs.build_panel, or take in a longer history."
        )
    progress("check_drift: %s against %s", f"{month:%Y-%m}", before)
    rows = check.run(context.spark)
    store(lake, rows)
    drifted = sorted((row for row in rows if row["is_drifted"]), key=lambda row: -row["psi"])
    for row in drifted[:MOST_NAMED]:
        named = f"{row['kind']} {row['column']}"
        progress("drift: %s, index %.2f, chance %.2f", named, row["psi"], row["threshold"])
    return {
        "month": month,
        "compared": len(rows),
        "drifted": len(drifted),
        "most": [f"{row['kind']} {row['column']}" for row in drifted[:MOST_NAMED]],
    }


JOB = Job("check_drift", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
