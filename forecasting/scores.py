"""Forecast scores: errors of served forecasts against the sales of closed months."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from math import inf

import pyarrow as pa
from pyspark.sql import SparkSession

from features.feature_set import FeatureSet
from features.horizon import LONGEST
from features.tables import monthly_table
from forecasting.champion_health import HealthCheck
from forecasting.due_for_scoring import DueForecasts
from forecasting.retrain import list_retrain_reasons
from forecasting.served import actual_rows, served_rows
from forecasting.versions import ForecastVersion, read_versions
from lakehouse.delta import listing, log
from lakehouse.delta.arrow import read_table
from lakehouse.delta.replacement import replace_rows
from lakehouse.errors import RefusedError, UsageError
from lakehouse.forecast_scores import SERVED
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.profile.rules import Retrain
from lakehouse.progress import progress
from lakehouse.tables.gold import ALL_ROWS, FORECAST_SCORES, FORECAST_VERSIONS
from modelling.estimators.baselines import defined_baselines
from modelling.evaluation.score import Score
from modelling.evaluation.scoring import segment_errors, sound_forecasts

# Served forecasts are scored as published, even if the profile's clip has changed since.
ANY_NUMBER = (-inf, inf)
# Older versions are read only where late sales changed their months: each run would otherwise read
# every version that was ever published.
RECENT_MONTHS = 24


def read_scorable(lake: Lake, newest: date, months: Iterable[date]) -> list[ForecastVersion]:
    """Read the versions that can have forecasts to score, from gold.forecast_versions.

    Args:
        lake: the lake that has the table.
        newest: last closed month; versions of the last ``RECENT_MONTHS`` cutoffs are read.
        months: target months to score whatever their age; all versions that can forecast the months
            are read.

    Raises:
        RefusedError: the lake has no forecast version; run jobs.forecast.
    """
    if not log.exists(lake, FORECAST_VERSIONS):
        raise RefusedError(f"{lake.root}: nothing was forecast yet; run jobs.forecast.")
    cutoffs = {plus_months(newest, -back) for back in range(RECENT_MONTHS)}
    cutoffs |= {plus_months(m, -horizon) for m in months for horizon in range(1, LONGEST + 1)}
    return read_versions(lake, [("cutoff", "in", sorted(cutoffs))])


def require_forecast(
    lake: Lake, asked: date, closed: MonthRange, stored: Sequence[ForecastVersion]
) -> None:
    """Check that a version forecasts a month, and that the month is closed.

    Args:
        lake: the lake that has the versions.
        asked: the month.
        closed: the closed months.
        stored: the versions that may forecast the month.

    Raises:
        UsageError: no version forecasts the month; name a month in the error's list.
        RefusedError: the month is not closed; run jobs.close_month when its sales are complete.
    """
    if not any(asked in version.months.values() for version in stored):
        months = {m for version in read_versions(lake) for m in version.months.values()}
        raise UsageError(
            f"--month {asked:%Y-%m}: {lake.root} has forecasts of "
            f"{', '.join(f'{month:%Y-%m}' for month in sorted(months))}; name one of these."
        )
    if asked not in closed:
        raise RefusedError(
            f"--month {asked:%Y-%m}: not closed in {lake.root}, whose last closed month is "
            f"{closed.last:%Y-%m}; run jobs.close_month when {asked:%Y-%m} is complete."
        )


def cells(lake: Lake, features: FeatureSet) -> dict[date, str]:
    """Return month → digest of the month's sales cells of pairs."""
    return listing.month_digests(lake, monthly_table(features.groups[0]))


def scored_cells(lake: Lake) -> dict[tuple[str, date], str]:
    """Return version and month → digest of the sales cells on which the scores are based."""
    if not log.exists(lake, FORECAST_SCORES):
        return {}
    columns = ["version", "month", "cells"]
    filters = [("segment", "=", ALL_ROWS), ("model", "=", SERVED)]
    rows = read_table(lake, FORECAST_SCORES, columns, filters).to_pylist()
    return {(row["version"], row["month"]): row["cells"] for row in rows}


def scores(
    spark: SparkSession, lake: Lake, features: FeatureSet, closed: MonthRange, due: DueForecasts
) -> list[Score]:
    """Score a version's forecasts of a month, and the naive forecasts of the same pairs.

    Raises:
        UnsoundForecastError: a stored forecast is not finite; only older programs published such.
    """
    served = served_rows(spark, lake, due)
    rows = actual_rows(spark, lake, features, due, served)
    naive = defined_baselines([due.month], closed, due.horizon, features.names)
    with sound_forecasts(rows, {SERVED: served}, naive, ANY_NUMBER) as scored:
        return segment_errors(scored, [SERVED, *(baseline.name for baseline in naive)])


def store(lake: Lake, due: DueForecasts, measured: Sequence[Score], now: datetime) -> None:
    """Replace the scores of a version and month in gold.forecast_scores."""
    common = {
        "version": due.version,
        "horizon": due.horizon,
        "run": due.run,
        "cells": due.cells,
        "scored_at": now,
    }
    rows = pa.Table.from_pylist(
        [{**vars(score), **common} for score in measured], FORECAST_SCORES.schema
    )
    replace_rows(lake, FORECAST_SCORES, rows, {"version": due.version, "month": due.month})


def retrain_reasons(check: HealthCheck, horizons: Iterable[int], rules: Retrain) -> list[str]:
    """List and print the reasons to train new models of some horizons."""
    reasons = [
        reason
        for health in check.assess_all(horizons)
        for reason in list_retrain_reasons(health, rules)
    ]
    for reason in reasons:
        progress("retrain: %s", reason)
    return reasons
