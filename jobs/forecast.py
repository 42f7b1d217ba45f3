"""Forecast: champion models and features at the cutoff → published forecasts of later months.

    python -m jobs.forecast --lake URI [--horizons 1,2,3] [--if-new-model]
    python -m jobs.forecast --lake URI --pairs FILE --submission FILE
    python -m jobs.forecast --lake URI --pairs FILE --publish [--submission FILE] [--horizons 1,2,3]

Reads the gold panel of the months after the cutoff (with --pairs the gold features), and each
horizon's champion in MLflow. Writes gold forecasts and forecast_versions, which the API serves; one
version holds all horizons. With --if-new-model, a version is made only if the champions are not
the models of the newest version, whatever else changed. With --pairs, forecasts are written to
--submission only; add --publish to make the API serve them. A pair whose shop or item is neither
listed nor was ever sold gets no forecast; the result line counts and names such pairs.
"""

import argparse
import sys
from dataclasses import asdict, dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cli.arguments import add_horizons_argument, add_lake_argument, lake_of, written
from cli.command import Job, main
from features.feature_set import feature_set
from features.group import ITEM, SHOP
from forecasting.assortment import are_of_one_kind, count_departures
from forecasting.known_ids import UnknownIds
from forecasting.making import Forecasting, split_known_pairs, usable_champion
from forecasting.pairs import listed_pairs
from forecasting.submission import write_submission
from forecasting.versions import ForecastVersion, newest_version, publish
from forecasting.withdrawn import count_by_reason, with_reason
from ingestion.lake_months import closed_months
from lakehouse.context import Context
from lakehouse.errors import UsageError
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from lakehouse.storage import normal_uri
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
    parser.add_argument(
        "--if-new-model",
        action="store_true",
        help="change nothing where the newest version was made by the present champions",
    )


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Forecast each horizon and publish, unless the newest version has the same inputs."""
    require_purpose(arguments)
    lake = lake_of(context, arguments)
    profile = stored_profile(lake)
    features, cutoff = feature_set(profile), closed_months(lake).last
    tracking = Tracking(context, lake, profile)
    champions = {h: usable_champion(lake, tracking, features, h) for h in arguments.horizons}
    making = Forecasting(lake, profile, cutoff, context.now, champions)
    inputs, newest = making.inputs(arguments.pairs), newest_version(lake)
    if newest and not arguments.pairs and is_enough(newest, making, inputs, arguments):
        progress("forecast: up to date")
        return {"version": newest.version, "rows": newest.rows, "published": False}
    listed = read_list(context, making, arguments)
    forecasts = making.forecasts(context.spark, tracking, listed.known)
    is_public = arguments.publish or not arguments.pairs
    if is_public:
        forecasts = making.append(context.spark, forecasts)
    count, first = forecasts.count(), making.first_month
    if arguments.submission and listed.pairs is not None:
        of_month = forecasts.where(F.col("month") == first).select(SHOP, ITEM, "units")
        write_submission(of_month, listed.pairs, arguments.submission)
    before = newest if is_public and are_of_one_kind(newest, inputs) else None
    left = count_departures(lake, before, forecasts)
    if is_public:
        publish(lake, making.row(count, inputs))
    return {
        **({"version": making.version} if is_public else {}),
        "month": first,
        "horizons": list(champions),
        "rows": count,
        "published": is_public,
        **listed.figures(making),
        **({"left": asdict(left)} if left else {}),
    }


def is_enough(
    newest: ForecastVersion, making: Forecasting, inputs: str, arguments: argparse.Namespace
) -> bool:
    """Return whether the newest version need not be made again."""
    if arguments.if_new_model:
        return newest.models == {h: champion.run for h, champion in making.champions.items()}
    return newest.inputs == inputs


@dataclass(frozen=True)
class PairList:
    """The list of pairs that ``--pairs`` names.

    Attributes:
        pairs: the pairs of the file; None: no file, the assortment is forecast.
        known: the pairs with known ids; None: no file.
        unknown: the unknown ids; None: no file, or all ids are known.
    """

    pairs: DataFrame | None = None
    known: DataFrame | None = None
    unknown: UnknownIds | None = None

    def figures(self, making: Forecasting) -> dict[str, object]:
        """Return the fields of the result line about pairs that are not forecast."""
        if self.known is None:
            return {}
        reasoned = with_reason(making.lake, making.profile, self.known, making.first_month)
        withdrawn = count_by_reason(reasoned)
        return {
            **({"unknown": asdict(self.unknown)} if self.unknown else {}),
            **({"withdrawn": withdrawn} if withdrawn else {}),
        }


def read_list(context: Context, making: Forecasting, arguments: argparse.Namespace) -> PairList:
    """Read the list of pairs that ``--pairs`` names, and print the unknown ids."""
    if not arguments.pairs:
        return PairList()
    context.places.add(normal_uri(arguments.pairs))
    is_submitted = bool(arguments.submission)
    pairs = listed_pairs(context.spark, making.lake, arguments.pairs, is_submitted=is_submitted)
    return PairList(pairs, *split_known_pairs(context.spark, making.lake, making.features, pairs))


def require_purpose(arguments: argparse.Namespace) -> None:
    """Check that every forecast asked for is written to a file or published.

    Raises:
        UsageError: ``--submission`` without ``--pairs``; ``--pairs`` without ``--submission`` or
            ``--publish``; or several horizons for a submission that is not published.
    """
    horizons = arguments.horizons
    if arguments.if_new_model and arguments.pairs:
        raise UsageError("--if-new-model and --pairs exclude each other: name one of them.")
    if arguments.submission and not arguments.pairs:
        raise UsageError("--submission needs --pairs: a file with ID, shop_id and item_id.")
    if arguments.publish or not arguments.pairs:
        return
    if not arguments.submission:
        raise UsageError(
            f"--pairs {arguments.pairs}: write the forecasts to a file by --submission FILE, or "
            "let the API serve them in place of the assortment by --publish."
        )
    if len(horizons) > 1:
        raise UsageError(
            f"--horizons {written(horizons)}: a submission has one month; name one horizon, or add "
            "--publish."
        )


JOB = Job("forecast", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
