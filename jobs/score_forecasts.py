"""Served forecasts and what was sold → their errors, and whether a new model is due.

    python -m jobs.score_forecasts [--lake URI] [--month YYYY-MM]

Reads gold forecasts and forecast_versions, the month's cells, the features that were known at the
cutoff, model_history and MLflow. Writes gold forecast_scores: each published version's forecasts
of each closed month, by segment, beside naive forecasts of the same rows. A version that was
withdrawn before the month is left out. A month whose sales changed since is scored again, and its
rows replaced. ``retrain_due`` and ``reasons`` in the result line say whether to train.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import inf
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from features.feature_set import FeatureSet, feature_set
from features.tables import monthly_table
from jobs.command import Context, Job, add_lake_argument, lake_of, main, progress
from jobs.modelling.baselines import defined
from jobs.modelling.ledger import Due, due, models_of
from jobs.modelling.registry import Registry
from jobs.modelling.retrain import SERVED, reasons
from jobs.modelling.scoring import segment_errors, sound_forecasts
from jobs.modelling.segments import ALL
from jobs.modelling.soundness import UnsoundForecastError
from jobs.modelling.tracking import Tracking
from jobs.month_arguments import month
from jobs.panel_rows import closed_months
from jobs.served_rows import actual_rows, served_rows
from jobs.standing import standings
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.delta.replacement import replace_rows
from lakehouse.errors import RefusedError, UsageError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.stored_profile import stored_profile
from lakehouse.tables.gold import FORECAST_SCORES, FORECAST_VERSIONS

# A version is scored by what was served, whatever the profile's clip is now.
ANY_NUMBER = (-inf, inf)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    parser.add_argument(
        "--month", type=month, metavar="YYYY-MM", help="score this month alone (default: all)"
    )


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Score what is due, then judge the champions."""
    lake = lake_of(context, arguments)
    features = feature_set(stored_profile(lake))
    closed = closed_months(lake)
    stored = versions(lake)
    if arguments.month is not None:
        require_forecast(lake, arguments.month, closed, stored)
    listed = [
        one
        for one in due(stored, closed, cells(lake, features), scored_cells(lake))
        if arguments.month in (None, one.month)
    ]
    unsound = 0
    for one in listed:
        progress("score_forecasts: %s of version %s", f"{one.month:%Y-%m}", one.version)
        try:
            found = scores(context.spark, lake, features, closed, one)
        except UnsoundForecastError as error:
            progress("score_forecasts: version %s is not scored. %s", one.version, error)
            unsound += 1
        else:
            store(lake, one, found, context.now)
    if not listed:
        progress("score_forecasts: up to date")
    found_reasons = retrain_reasons(context, lake, features, closed)
    return {
        "scored": len(listed) - unsound,
        **({"unsound": unsound} if unsound else {}),
        "retrain_due": bool(found_reasons),
        "reasons": found_reasons,
    }


def versions(lake: Lake) -> list[dict[str, Any]]:
    """Read the forecast versions.

    Raises:
        RefusedError: nothing was forecast yet.
    """
    if not log.exists(lake, FORECAST_VERSIONS):
        raise RefusedError(f"{lake.root}: nothing was forecast yet; run jobs.forecast first.")
    found: list[dict[str, Any]] = read_table(lake, FORECAST_VERSIONS).to_pylist()
    return found


def require_forecast(
    lake: Lake, asked: date, closed: MonthRange, stored: Sequence[Mapping[str, Any]]
) -> None:
    """Check that a month was forecast, and has actuals.

    Raises:
        UsageError: no version forecasts it.
        RefusedError: it is not closed.
    """
    months = {plus_months(v["cutoff"], h) for v in stored for h in models_of(v)}
    if asked not in months:
        raise UsageError(
            f"--month {asked:%Y-%m}: {lake.root} has forecasts of "
            f"{', '.join(f'{month:%Y-%m}' for month in sorted(months))}; name one of these."
        )
    if asked not in closed:
        raise RefusedError(
            f"--month {asked:%Y-%m}: not closed in {lake.root}, whose last closed month is "
            f"{closed.last:%Y-%m}; run jobs.close_month when it is complete."
        )


def cells(lake: Lake, features: FeatureSet) -> dict[date, str]:
    """Digest the sales of each month, pair by pair."""
    return log.month_digests(lake, monthly_table(features.groups[0]))


def scored_cells(lake: Lake) -> dict[tuple[str, date], str]:
    """Return the digest of the sales that each version and month was scored against."""
    if not log.exists(lake, FORECAST_SCORES):
        return {}
    columns = ["version", "month", "cells"]
    found = read_table(lake, FORECAST_SCORES, columns, [("segment", "=", ALL)]).to_pylist()
    return {(row["version"], row["month"]): row["cells"] for row in found}


def scores(
    spark: SparkSession, lake: Lake, features: FeatureSet, closed: MonthRange, one: Due
) -> list[dict[str, Any]]:
    """Measure a version's forecasts of a month, and the naive ones of the same pairs.

    Raises:
        UnsoundForecastError: a program of before published what is no number.
    """
    served = served_rows(spark, lake, one)
    rows = actual_rows(spark, lake, features, one, served)
    naive = defined([one.month], closed, one.horizon, features.names)
    with sound_forecasts(rows, {SERVED: served}, naive, ANY_NUMBER) as scored:
        return segment_errors(scored, [SERVED, *(baseline.name for baseline in naive)])


def store(lake: Lake, one: Due, found: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Put a month's scores in the place of those that it had."""
    common = {
        "version": one.version,
        "horizon": one.horizon,
        "run": one.run,
        "cells": one.cells,
        "scored_at": now,
    }
    rows = pa.Table.from_pylist([{**row, **common} for row in found], FORECAST_SCORES.schema)
    replace_rows(lake, FORECAST_SCORES, rows, {"version": one.version, "month": one.month})


def retrain_reasons(
    context: Context, lake: Lake, features: FeatureSet, closed: MonthRange
) -> list[str]:
    """Say, by horizon, why a new model is due."""
    rules = stored_profile(lake).retrain
    registry = Registry(Tracking(context, lake))
    found = [
        reason
        for standing in standings(lake, registry, features, closed)
        for reason in reasons(standing, rules)
    ]
    for reason in found:
        progress("retrain: %s", reason)
    return found


JOB = Job("score_forecasts", "Score served forecasts of closed months.", add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
