"""Forecast: champion models and features at the cutoff → published forecasts of later months.

    python -m jobs.forecast --lake URI [--horizons 1,2,3]
    python -m jobs.forecast --lake URI --pairs FILE --submission FILE
    python -m jobs.forecast --lake URI --pairs FILE --publish [--submission FILE] [--horizons 1,2,3]

Reads the gold panel of the months after the cutoff (with --pairs the gold features), and each
horizon's champion in MLflow. Writes gold forecasts and forecast_versions, which the API serves; one
version holds all horizons. With --pairs, forecasts are written to --submission only; add --publish
to make the API serve them. A pair whose shop or item is neither listed nor was ever sold gets no
forecast; the result line counts and names such pairs.
"""

import argparse
import sys
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cli.arguments import add_horizons_argument, add_lake_argument, lake_of, written
from cli.command import Job, main
from features.feature_set import feature_set
from features.group import ITEM, SHOP
from forecasting.assortment import are_of_one_kind, count_departures
from forecasting.making import Forecasting, champion, sorted_out
from forecasting.pairs import listed_pairs
from forecasting.submission import write_submission
from forecasting.versions import forecast_inputs, newest_version, publish
from forecasting.withdrawn import counts, with_reason
from ingestion.lake_months import closed_months
from lakehouse.context import Context
from lakehouse.errors import UsageError
from lakehouse.month_range import plus_months
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from modelling.registry.tracking import Tracking


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    add_horizons_argument(parser)
    parser.add_argument(
        "--pairs",
        metavar="FILE",
        help="CSV of the pairs to forecast, with columns shop_id and item_id, for --submission "
        "also ID; requires --submission or --publish",
    )
    parser.add_argument(
        "--submission",
        metavar="FILE",
        help="write columns ID and item_cnt_month for the pairs, the format of the Kaggle "
        "competition: units of the month after the cutoff; 0 if shop or item is unknown or gone",
    )
    parser.add_argument(
        "--publish",
        action="store_true",
        help="with --pairs: make the API serve these pairs instead of the assortment",
    )


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Forecast each horizon and publish, unless the newest version has the same inputs."""
    require_purpose(arguments)
    lake = lake_of(context, arguments)
    features = feature_set(stored_profile(lake))
    cutoff = closed_months(lake).last
    tracking = Tracking(context, lake)
    found = {h: champion(tracking, features, h) for h in arguments.horizons}
    runs = {horizon: run_ for horizon, (run_, _) in found.items()}
    inputs = forecast_inputs(lake, features, cutoff, runs, arguments.pairs)
    newest = newest_version(lake)
    if newest and newest["inputs"] == inputs and not arguments.pairs:
        progress("forecast: up to date")
        return {"version": newest["version"], "rows": newest["rows"], "published": False}
    listed = listed_pairs(
        context.spark, lake, arguments.pairs, is_submitted=bool(arguments.submission)
    )
    asked, unknown = sorted_out(context.spark, lake, features, listed)
    version = f"{context.now:%Y%m%dT%H%M%S.%fZ}"
    making = Forecasting(lake, features, cutoff, version, context.now, asked)
    frames = [
        making.forecasts(context.spark, horizon, run_, tracking.model(run_, recipe))
        for horizon, (run_, recipe) in found.items()
    ]
    forecasts = reduce(DataFrame.unionByName, frames)
    is_public = arguments.publish or not arguments.pairs
    mine = making.kept(context.spark, forecasts) if is_public else forecasts
    first, count = plus_months(cutoff, min(runs)), mine.count()
    if arguments.submission and listed is not None:
        of_month = mine.where(F.col("month") == first).select(SHOP, ITEM, "units")
        write_submission(of_month, listed, arguments.submission)
    before = newest if is_public and are_of_one_kind(newest, inputs) else None
    left = count_departures(context.spark, lake, before, mine)
    if is_public:
        publish(lake, making.row(count, runs, inputs))
    withdrawn = counts(with_reason(context.spark, lake, asked, first)) if asked is not None else {}
    return {
        **({"version": version} if is_public else {}),
        "month": first,
        "horizons": list(runs),
        "rows": count,
        "published": is_public,
        **({"unknown": unknown} if unknown else {}),
        **({"withdrawn": withdrawn} if withdrawn else {}),
        **({"left": left.figures} if left else {}),
    }


def require_purpose(arguments: argparse.Namespace) -> None:
    """Check that every forecast asked for is written to a file or published.

    Raises:
        UsageError: ``--submission`` without ``--pairs``; ``--pairs`` without ``--submission`` or
            ``--publish``; or several horizons for a submission that is not published.
    """
    horizons = arguments.horizons
    if arguments.submission and not arguments.pairs:
        raise UsageError("--submission needs --pairs: a file with ID, shop_id and item_id.")
    if arguments.publish or not arguments.pairs:
        return
    if not arguments.submission:
        raise UsageError(
            f"--pairs {arguments.pairs}: name a file for them by --submission FILE, or let the API "
            "serve them, instead of the assortment, by --publish."
        )
    if len(horizons) > 1:
        raise UsageError(
            f"--horizons {written(horizons)}: a submission is of one month; name one horizon, or "
            "--publish all of them."
        )


JOB = Job("forecast", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
