"""Month check: what the lake holds of a month → closed, built and forecast, or what is missing.

    python -m jobs.check_month --month YYYY-MM [--lake URI] [--reached closed|built|forecast]
        [--horizons 1,2,3]

Reads silver months, the months of the gold features and panels, and gold forecast_versions. Changes
no table but the record of runs, and starts no Spark. ``closed``: the month is closed. ``built``:
the features of the next month and each horizon's panel of its target month have rows.
``forecast``: a published version has the month as cutoff and forecasts every horizon; the result
line names the newest such version. If the month has not reached the state, the command ends with
exit code 3.
"""

import argparse
import sys
from collections.abc import Mapping
from datetime import date

from cli.arguments import add_horizons_argument, add_lake_argument, lake_of, month
from cli.command import Job, main
from cli.ending import FoundError
from forecasting.month_state import FORECAST, STATES, MonthState, read_month_state
from lakehouse.context import Context
from lakehouse.profile.stored import stored_profile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    parser.add_argument(
        "--month", metavar="YYYY-MM", type=month, required=True, help="month to check (required)"
    )
    parser.add_argument(
        "--reached",
        choices=STATES,
        default=FORECAST,
        help=f"state that the month must have reached (default: {FORECAST})",
    )
    add_horizons_argument(parser)


def run(context: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Compare the month with the state that it must have reached.

    Raises:
        FoundError: the month has not reached the state; run the commands that the message names.
    """
    lake = lake_of(context, arguments)
    profile = stored_profile(lake)
    state = read_month_state(lake, profile, arguments.month, arguments.horizons)
    figures = fields(arguments.month, state)
    if missing := state.missing(arguments.reached):
        raise FoundError(f"{arguments.month:%Y-%m}: {'; '.join(missing)}", figures)
    return figures


def fields(of_month: date, state: MonthState) -> Mapping[str, object]:
    """Return the fields of the result line."""
    version = state.version
    return {
        "month": f"{of_month:%Y-%m}",
        "closed": state.is_closed,
        "is_cutoff": state.is_cutoff,
        "unbuilt": state.unbuilt,
        "version": version.version if version else None,
        "rows": version.rows if version else None,
    }


JOB = Job("check_month", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
