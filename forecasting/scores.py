"""Forecast scores: errors of served forecasts against the sales of closed months."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import inf
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from features.feature_set import FeatureSet
from features.tables import monthly_table
from forecasting.champion_status import standings
from forecasting.due import Due, models_of
from forecasting.retrain import SERVED, reasons
from forecasting.served import actual_rows, served_rows
from lakehouse.context import Context
from lakehouse.delta import listing, log
from lakehouse.delta.arrow import read_table
from lakehouse.delta.replacement import replace_rows
from lakehouse.errors import RefusedError, UsageError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from lakehouse.tables.gold import FORECAST_SCORES, FORECAST_VERSIONS
from modelling.estimators.baselines import defined
from modelling.evaluation.scoring import segment_errors, sound_forecasts
from modelling.evaluation.segments import ALL
from modelling.registry.registry import Registry
from modelling.registry.tracking import Tracking

# Served forecasts are scored as published, even if the profile's clip has changed since.
ANY_NUMBER = (-inf, inf)


def versions(lake: Lake) -> list[dict[str, Any]]:
    """Read the rows of gold.forecast_versions.

    Raises:
        RefusedError: the lake has no forecast version; run jobs.forecast.
    """
    if not log.exists(lake, FORECAST_VERSIONS):
        raise RefusedError(f"{lake.root}: nothing was forecast yet; run jobs.forecast first.")
    found: list[dict[str, Any]] = read_table(lake, FORECAST_VERSIONS).to_pylist()
    return found


def require_forecast(
    lake: Lake, asked: date, closed: MonthRange, stored: Sequence[Mapping[str, Any]]
) -> None:
    """Check that a version forecasts a month, and that the month is closed.

    Raises:
        UsageError: no version forecasts the month; name a month in the error's list.
        RefusedError: the month is not closed; run jobs.close_month when its sales are complete.
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
    """Return month → digest of the month's sales cells of pairs."""
    return listing.month_digests(lake, monthly_table(features.groups[0]))


def scored_cells(lake: Lake) -> dict[tuple[str, date], str]:
    """Return version and month → digest of the sales cells on which the scores are based."""
    if not log.exists(lake, FORECAST_SCORES):
        return {}
    columns = ["version", "month", "cells"]
    found = read_table(lake, FORECAST_SCORES, columns, [("segment", "=", ALL)]).to_pylist()
    return {(row["version"], row["month"]): row["cells"] for row in found}


def scores(
    spark: SparkSession, lake: Lake, features: FeatureSet, closed: MonthRange, one: Due
) -> list[dict[str, Any]]:
    """Score a version's forecasts of a month, and the naive forecasts of the same pairs.

    Raises:
        UnsoundForecastError: a stored forecast is not finite; only older programs published such.
    """
    served = served_rows(spark, lake, one)
    rows = actual_rows(spark, lake, features, one, served)
    naive = defined([one.month], closed, one.horizon, features.names)
    with sound_forecasts(rows, {SERVED: served}, naive, ANY_NUMBER) as scored:
        return segment_errors(scored, [SERVED, *(baseline.name for baseline in naive)])


def store(lake: Lake, one: Due, found: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Replace the scores of a version and month in gold.forecast_scores."""
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
    """List and print the reasons to train a new model, for every horizon ever forecast."""
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
