"""A candidate against the champion and the naive forecasts → the champion that is used from now on.

    python -m jobs.promote [--lake URI] [--horizons 1,2,3] [--folds N] [--workers N]
    python -m jobs.promote --rollback [--reason TEXT]
    python -m jobs.promote --force --reason TEXT

Reads the candidate, the champion and their recipes in MLflow, gold backtests, and, for a recipe
that was not scored on these folds before, the gold panel, making its model again for every cutoff.
Writes gold model_history and the MLflow alias champion, by horizon. Refused (exit code 3), with a
table that says why, where the candidate misses a margin of the profile's section gate; the
champion then stays what it was. --rollback makes the champion before it the champion again.
"""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from cli.arguments import (
    add_folds_argument,
    add_horizons_argument,
    add_lake_argument,
    add_workers_argument,
    lake_of,
)
from cli.command import FoundError, Job, main
from lakehouse.context import Context
from lakehouse.errors import UsageError
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from modelling.backtest.scores import FOLDS
from modelling.promotion.champions import REFUSED, Outcome
from modelling.promotion.decision import Promotion


class NotPromotedError(FoundError):
    """A candidate was refused; the champion is the one that was.

    Attributes:
        has_champions: every horizon asked for has a champion all the same.
    """

    def __init__(self, message: str, figures: Mapping[str, Any], *, has_champions: bool) -> None:
        super().__init__(message, figures)
        self.has_champions = has_champions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    add_horizons_argument(parser)
    add_folds_argument(parser, FOLDS, "cutoffs that decide")
    add_workers_argument(parser)
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--rollback", action="store_true", help="make the champion before this one it again"
    )
    instead.add_argument(
        "--force", action="store_true", help="promote whatever the figures say; needs --reason"
    )
    parser.add_argument("--reason", metavar="TEXT", help="why, kept in gold/model_history")


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Decide about every horizon asked for.

    Raises:
        RefusedError: a horizon has nothing to decide about; then none is decided.
        NotPromotedError: a candidate was refused; the others were decided all the same.
    """
    require_consistent(arguments)
    lake, horizons = lake_of(context, arguments), arguments.horizons
    # Asked for first: MLflow would make a folder where there is no lake.
    stored_profile(lake)
    promotion = Promotion(context, lake, arguments.folds, arguments.workers, horizons)
    for horizon in horizons:
        # Of all horizons before any is decided: a second run would roll the first back once more.
        promotion.require_other(horizon, is_back=arguments.rollback)
    outcomes = {horizon: decided(promotion, horizon, arguments) for horizon in horizons}
    for horizon, outcome in outcomes.items():
        progress("horizon %d: %s%s", horizon, outcome.reason, outcome.table)
    figures = {"horizons": {horizon: outcome.figures for horizon, outcome in outcomes.items()}}
    refused = {h: outcome for h, outcome in outcomes.items() if outcome.decision == REFUSED}
    if refused:
        raise NotPromotedError(
            "; ".join(f"horizon {h}: not promoted. {o.reason}" for h, o in refused.items()),
            figures,
            has_champions=all(outcome.champion for outcome in outcomes.values()),
        )
    return figures


def require_consistent(arguments: argparse.Namespace) -> None:
    """Check that a reason is given where it is kept, and nowhere else.

    Raises:
        UsageError: it is missing, or would be lost.
    """
    if arguments.force and not arguments.reason:
        raise UsageError("--force needs --reason TEXT: it is kept in gold/model_history.")
    if arguments.reason and not (arguments.force or arguments.rollback):
        raise UsageError(
            f"--reason '{arguments.reason}': kept with --force or --rollback alone; figures are "
            "the reason otherwise."
        )


def decided(promotion: Promotion, horizon: int, arguments: argparse.Namespace) -> Outcome:
    """Do what was asked for with one horizon."""
    if arguments.rollback:
        return promotion.roll_back(horizon, arguments.reason)
    return promotion.promote(horizon, arguments.reason if arguments.force else None)


JOB = Job("promote", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
