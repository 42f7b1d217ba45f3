"""The champions and what is known at the cutoff → forecasts of the months after it, published.

    python -m jobs.forecast --lake URI [--horizons 1,2,3]
    python -m jobs.forecast --lake URI --pairs FILE --submission FILE
    python -m jobs.forecast --lake URI --pairs FILE --publish [--submission FILE] [--horizons 1,2,3]

Reads the gold panel of the months after the cutoff (with --pairs the gold features), and MLflow:
each horizon has its own champion. Writes gold forecasts and forecast_versions, which is what the
API serves: one version holds all the horizons asked for. A list of pairs is nothing that everybody
asks for: without --publish it goes to the submission's file, and nothing into the lake. Pairs of a
shop or item that is neither listed nor was ever sold are not forecast: they are counted, and
named, in the result line.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.feature_set import SPINES, FeatureSet, feature_set
from features.group import ITEM, SHOP
from jobs.assortment import are_of_one_kind, count_departures, require_assortment
from jobs.command import Context, Job, add_lake_argument, lake_of, main, progress
from jobs.forecast_rows import Origin, sound_rows
from jobs.forecast_versions import PUBLISHED, forecast_inputs, newest_version, publish
from jobs.horizon_arguments import add_horizons_argument, written
from jobs.known_ids import known_ids, of_known, unknown_ids
from jobs.modelling.estimator import Model
from jobs.modelling.recipe import Recipe
from jobs.modelling.registry import Registry
from jobs.modelling.submission import write_submission
from jobs.modelling.tracking import Tracking
from jobs.pairs import listed_pairs, pair_rows
from jobs.panel_rows import PanelRows, closed_months
from jobs.withdrawn import counts, still_there, with_reason
from lakehouse.delta import rows
from lakehouse.errors import RefusedError, UsageError
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.profile import bounds_of
from lakehouse.stored_profile import stored_profile
from lakehouse.tables.gold import FORECASTS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    add_horizons_argument(parser)
    parser.add_argument(
        "--pairs",
        metavar="FILE",
        help="CSV of the pairs to forecast: shop_id, item_id (and ID); needs --submission or "
        "--publish",
    )
    parser.add_argument(
        "--submission",
        metavar="FILE",
        help="write ID,item_cnt_month for the pairs, as the competition wants it: the month "
        "after the cutoff, 0 for a pair that nobody knows or whose shop or item is gone",
    )
    parser.add_argument(
        "--publish",
        action="store_true",
        help="with --pairs: let the API serve these pairs, instead of the assortment",
    )


@dataclass(frozen=True)
class Forecasting:
    """One version in the making.

    Attributes:
        lake: where it is made.
        features: the models' columns.
        cutoff: last month whose sales are visible.
        version: its name.
        now: when it is made.
        pairs: those asked for, of shops and items that are known; None: the assortment.
    """

    lake: Lake
    features: FeatureSet
    cutoff: date
    version: str
    now: datetime
    pairs: DataFrame | None

    def forecasts(self, spark: SparkSession, horizon: int, run: str, model: Model) -> DataFrame:
        """Return rows of gold.forecasts of one horizon, as they were computed once.

        Raises:
            UnsoundForecastError: the model returned what it must not.
        """
        month = plus_months(self.cutoff, horizon)
        progress("forecast: %s", f"{month:%Y-%m}")
        if self.pairs is None:
            panel = PanelRows(self.lake, self.features, SPINES[0], (month,), horizon)
            require_assortment(panel, self.cutoff)
            rows_ = panel.frame(spark)
        else:
            pairs = still_there(spark, self.lake, self.pairs, month)
            rows_ = pair_rows(self.lake, self.features, month, pairs, horizon)
        origin = Origin(self.version, self.cutoff, horizon, run, self.now)
        return sound_rows(model, rows_, origin, bounds_of(stored_profile(self.lake).target_clip))

    def kept(self, spark: SparkSession, forecasts: DataFrame) -> DataFrame:
        """Write rows of gold.forecasts, which nobody is served yet, and return them as stored.

        They are written to few files: those of a version are never joined by upkeep.
        """
        files = -(-forecasts.count() // rows.ROWS_PER_FILE)
        rows.append(self.lake, FORECASTS, forecasts.coalesce(max(1, files)))
        return rows.read(spark, self.lake, FORECASTS).where(F.col("version") == self.version)

    def row(self, count: int, runs: Mapping[int, str], inputs: str) -> dict[str, Any]:
        """Return what gold.forecast_versions says of it, from when it is served on."""
        return {
            "version": self.version,
            "cutoff": self.cutoff,
            "model": ",".join(dict.fromkeys(runs.values())),
            "inputs": inputs,
            "rows": count,
            "status": PUBLISHED,
            "published_at": self.now,
        }


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Forecast, unless the newest version was made from these very inputs."""
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
    listed = listed_pairs(context.spark, lake, arguments)
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
    """Check that what is asked for goes somewhere.

    Raises:
        UsageError: a submission without pairs, or pairs, or a horizon of theirs, for nothing.
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
            "--publish the others."
        )


def champion(tracking: Tracking, features: FeatureSet, horizon: int) -> tuple[str, Recipe]:
    """Return the MLflow run of a horizon's champion, and how it was made.

    Raises:
        RefusedError: there is none, or one that reads features no longer declared.
    """
    registry = Registry(tracking)
    run = registry.champion(horizon).run
    recipe = tracking.recipe(run)
    gone = set(recipe.features) - set(features.names) if recipe else {"features nobody noted"}
    if recipe is None or gone:
        raise RefusedError(
            f"{registry.name(horizon)}: the champion reads {min(gone)}, no longer declared "
            f"({len(gone)} such); run jobs.train, then jobs.promote --horizons {horizon}."
        )
    return run, recipe


def sorted_out(
    spark: SparkSession, lake: Lake, features: FeatureSet, listed: DataFrame | None
) -> tuple[DataFrame | None, dict[str, Any]]:
    """Part a list's pairs into those of known shops and items, and a note of the others."""
    if listed is None:
        return None, {}
    known = known_ids(spark, lake, features)
    unknown = unknown_ids(listed, known)
    if unknown:
        progress("forecast: of shops or items that nobody knows, not forecast: %s", unknown)
    return of_known(listed, known), unknown


JOB = Job("forecast", "Forecast the months after the cutoff, and publish them.", add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
