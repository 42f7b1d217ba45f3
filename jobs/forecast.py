"""The champion and what is known at the cutoff → forecasts of the month after it, published.

    python -m jobs.forecast --lake URI [--pairs FILE] [--submission FILE]

Reads the gold panel of the month after the cutoff (with --pairs the gold features), and MLflow.
Writes gold forecasts and forecast_versions, which is what the API serves.
"""

import argparse
import json
import sys
from datetime import date
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.feature_set import SPINES, FeatureSet, feature_set, panel_table
from features.group import ITEM, SHOP
from features.rung import rung_sql
from features.tables import features_table
from jobs.command import Context, Job, add_lake_argument, lake_of, main, progress
from jobs.modelling import estimator
from jobs.modelling.submission import write_submission
from jobs.modelling.tracking import Tracking
from jobs.pairs import pair_rows, read_pairs
from jobs.panel_rows import closed_months, panel_rows
from lakehouse.delta import log, rows
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.errors import UsageError
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.tables.gold import FORECAST_VERSIONS, FORECASTS

HORIZON = 1
PUBLISHED = "published"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    parser.add_argument(
        "--pairs", metavar="FILE", help="CSV of the pairs to forecast: shop_id, item_id (and ID)"
    )
    parser.add_argument(
        "--submission",
        metavar="FILE",
        help="also write ID,item_cnt_month for the pairs, as the competition wants it",
    )


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Forecast, unless the newest version was made from these very inputs."""
    if arguments.submission and not arguments.pairs:
        raise UsageError(
            "--submission needs --pairs: a file with the columns ID, shop_id, item_id."
        )
    lake = lake_of(context, arguments)
    features = feature_set(lake.profile().target_clip)
    cutoff = closed_months(lake).last
    month = plus_months(cutoff, HORIZON)
    model, booster, names = Tracking(context, lake).champion()
    inputs = forecast_inputs(lake, features, month, model, arguments.pairs)
    newest = newest_version(lake)
    if newest and newest["inputs"] == inputs and not arguments.pairs:
        progress("forecast: up to date")
        return {"version": newest["version"], "rows": newest["rows"], "published": False}
    progress("forecast: %s", f"{month:%Y-%m}")
    pairs = read_pairs(context.spark, lake, arguments.pairs) if arguments.pairs else None
    known = (
        panel_rows(context.spark, lake, features, SPINES[0], [month])
        if pairs is None
        else pair_rows(lake, features, month, pairs)
    )
    forecasts = estimator.predict(known, booster, names, lake.profile().target_clip)
    version = f"{context.now:%Y%m%dT%H%M%S.%fZ}"
    rows.append(lake, FORECASTS, as_forecasts(forecasts, context, version, cutoff, model))
    published = publish(context, lake, version, cutoff, model, inputs)
    if arguments.submission and pairs is not None:
        mine = rows.read(context.spark, lake, FORECASTS).where(f"version = '{version}'")
        write_submission(mine.select(SHOP, ITEM, "units"), pairs, arguments.submission)
    return {"version": version, "month": month, "rows": published, "published": True}


def forecast_inputs(
    lake: Lake, features: FeatureSet, month: date, model: str, pairs: str | None
) -> str:
    """Write what a version is made from, as the JSON that forecast_versions keeps."""
    tables = [panel_table(features, SPINES[0]), *map(features_table, features.groups)]
    digests = {t.path: log.month_digests(lake, t).get(month) for t in tables if log.exists(lake, t)}
    return json.dumps({**digests, "model": model, "pairs": pairs or SPINES[0]})


def newest_version(lake: Lake) -> dict[str, Any] | None:
    """Return the newest published version; None where there is none."""
    if not log.exists(lake, FORECAST_VERSIONS):
        return None
    found = read_table(lake, FORECAST_VERSIONS, filters=[("status", "=", PUBLISHED)]).to_pylist()
    return max(found, key=lambda version: str(version["version"]), default=None)


def as_forecasts(
    predicted: DataFrame, context: Context, version: str, cutoff: date, model: str
) -> DataFrame:
    """Give predicted panel rows the columns of gold.forecasts; quantiles are not fitted yet."""
    constants = {
        "version": F.lit(version),
        "cutoff": F.lit(cutoff),
        "horizon": F.lit(HORIZON),
        "rung": F.expr(rung_sql()),
        "model": F.lit(model),
        "generated_at": F.lit(context.now),
        **{name: F.lit(None).cast("float") for name in ("p10", "p50", "p90", "p95")},
    }
    rows_ = predicted.select(SHOP, ITEM, "month", F.col(estimator.FORECAST).alias("units"), "*")
    return rows_.withColumns(constants).select(*FORECASTS.names)


def publish(
    context: Context, lake: Lake, version: str, cutoff: date, model: str, inputs: str
) -> int:
    """Make a version the one that is served, by one commit, and return its rows."""
    written = read_table(lake, FORECASTS, ["item_id"], [("version", "=", version)]).num_rows
    row = {
        "version": version,
        "cutoff": cutoff,
        "model": model,
        "inputs": inputs,
        "rows": written,
        "status": PUBLISHED,
        "published_at": context.now,
    }
    append_rows(lake, FORECAST_VERSIONS, pa.Table.from_pylist([row], FORECAST_VERSIONS.schema))
    return int(written)


JOB = Job("forecast", "Forecast the month after the cutoff and publish it.", add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
