"""Promotion gate: candidate, champion and naive forecasts → the champion of each horizon.

    python -m jobs.promote [--lake URI] [--horizons 1,2,3] [--folds N] [--workers N]
    python -m jobs.promote --rollback [--reason TEXT]
    python -m jobs.promote --force --reason TEXT

Reads the candidate, the champion and their recipes in MLflow, and gold backtests. If a recipe was
not scored on these folds before, reads the gold panel and trains the recipe's model for every
cutoff. Writes gold model_history, whose newest row of a horizon names the champion, then the MLflow
alias champion, a label that no job follows. If the candidate misses a margin of the profile's
section gate, the command ends with exit code 3 and a table of the reasons, and the champion stays.
--rollback restores the previous champion.
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
from cli.command import Job, main
from cli.ending import FoundError
from lakehouse.context import Context
from lakehouse.errors import UsageError
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from modelling.backtest.scores import FOLDS
from modelling.promotion.comparison import PromotionSpec
from modelling.promotion.decision import Promotion
from modelling.promotion.history import REFUSED, Decision


class NotPromotedError(FoundError):
    """The gate refused a candidate; the champion is unchanged.

    Attributes:
        has_champions: whether every horizon asked for has a champion.
    """

    def __init__(self, message: str, figures: Mapping[str, object], *, has_champions: bool) -> None:
        super().__init__(message, figures)
        self.has_champions = has_champions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    add_horizons_argument(parser)
    add_folds_argument(parser, FOLDS, "number of past months that decide")
    add_workers_argument(parser)
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--rollback", action="store_true", help="restore the previous champion")
    instead.add_argument(
        "--force",
        action="store_true",
        help="promote the candidate even if the gate refuses; requires --reason",
    )
    parser.add_argument(
        "--reason",
        metavar="TEXT",
        help="reason of --force or --rollback, stored in gold.model_history",
    )


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Promote or roll back the model of every horizon asked for.

    Raises:
        RefusedError: a horizon has no candidate, or no champion to go back to; no horizon is
            changed then.
        NotPromotedError: the gate refused a candidate; the other horizons are decided anyway.
    """
    require_consistent(arguments)
    lake, horizons = lake_of(context, arguments), arguments.horizons
    # Read first: MLflow would create a folder at a location without a lake.
    profile = stored_profile(lake)
    spec = PromotionSpec(arguments.folds, arguments.workers, horizons)
    promotion = Promotion(context, lake, profile, spec)
    for horizon in horizons:
        # Check all horizons before changing any: if a later horizon failed after the first was
        # rolled back, a second run would roll the first back once more.
        promotion.require_other(horizon, is_back=arguments.rollback)
    decisions = {horizon: decide(promotion, horizon, arguments) for horizon in horizons}
    for horizon, decision in decisions.items():
        progress("horizon %d: %s", horizon, decision.reason)
    figures = {"horizons": {horizon: decision.summary for horizon, decision in decisions.items()}}
    refused = {h: decision for h, decision in decisions.items() if decision.decision == REFUSED}
    if refused:
        raise NotPromotedError(
            "; ".join(f"horizon {h}: not promoted. {d.reason}" for h, d in refused.items()),
            figures,
            has_champions=all(decision.champion_after for decision in decisions.values()),
        )
    return figures


def require_consistent(arguments: argparse.Namespace) -> None:
    """Check that a forced promotion has a reason, and that every reason given is stored.

    Raises:
        UsageError: ``--force`` without ``--reason``, or a ``--reason`` that no row would keep.
    """
    if arguments.force and not arguments.reason:
        raise UsageError("--force requires --reason TEXT, which gold.model_history stores.")
    if arguments.reason and not (arguments.force or arguments.rollback):
        raise UsageError(
            f"--reason '{arguments.reason}': add --force or --rollback; without these the gate "
            "gives the reason."
        )


def decide(promotion: Promotion, horizon: int, arguments: argparse.Namespace) -> Decision:
    """Promote or roll back the model of one horizon."""
    if arguments.rollback:
        return promotion.roll_back(horizon, arguments.reason)
    return promotion.promote(horizon, arguments.reason if arguments.force else None)


JOB = Job("promote", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
