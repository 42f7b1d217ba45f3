"""Scores of forecasts over all pairs: gold.forecast_scores, served and naive side by side."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.tables.gold import ALL_ROWS, FORECAST_SCORES

SERVED = "served"


class ScoredForecast(NamedTuple):
    """Forecasts of a month that were scored.

    Attributes:
        month: target month, first day.
        horizon: months from cutoff to target month.
        version: forecast version.
    """

    month: date
    horizon: int
    version: str


Models = Mapping[str, Mapping[str, Any]]


def read_served_scores(lake: Lake, figures: Sequence[str]) -> dict[ScoredForecast, Models]:
    """Read the errors over all pairs: forecast → forecaster, ``served`` or naive → figures.

    Args:
        lake: the lake that has the scores.
        figures: columns to read besides month, horizon, version and model.

    Returns:
        The forecasts that have a score; empty: nothing was scored.
    """
    if not log.exists(lake, FORECAST_SCORES):
        return {}
    columns = (*ScoredForecast._fields, "model", *figures)
    rows = read_table(lake, FORECAST_SCORES, columns, [("segment", "=", ALL_ROWS)]).to_pylist()
    found: dict[ScoredForecast, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        key = ScoredForecast(row["month"], row["horizon"], row["version"])
        found.setdefault(key, {})[row["model"]] = row
    return {key: models for key, models in found.items() if SERVED in models}


def best_naive(models: Models, figure: str) -> float | None:
    """Return the least error of the naive forecasts; None: no naive forecast has one."""
    errors = (row[figure] for model, row in models.items() if model != SERVED)
    return min((error for error in errors if error is not None), default=None)
