"""Champion status: age, backtest error and newest scores of champions, to decide on retraining."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from math import isfinite
from typing import Any

from features.feature_set import FeatureSet
from forecasting.due import models_of
from forecasting.retrain import Standing
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, month_number
from lakehouse.tables.gold import FORECAST_SCORES, FORECAST_VERSIONS
from modelling.evaluation.segments import ALL
from modelling.lineage import was_made_by
from modelling.promotion.champions import Decision
from modelling.promotion.gate import CANDIDATE, EVERY_ROW
from modelling.promotion.history import decisions
from modelling.registry.registry import Registered, Registry

Row = Mapping[str, Any]


def standings(
    lake: Lake, registry: Registry, features: FeatureSet, closed: MonthRange
) -> Iterator[Standing]:
    """Assess the champion of each horizon that was ever forecast.

    Yields:
        A standing per horizon, in order; ``age`` is null if the horizon has no champion.
    """
    versions = read_table(lake, FORECAST_VERSIONS).to_pylist()
    scores = stored_scores(lake)
    for horizon in sorted({h for version in versions for h in models_of(version)}):
        champion = registry.aliased("champion", horizon)
        if champion is None:
            yield Standing(horizon, None)
        else:
            yield standing(champion, horizon, features, closed, decisions(lake, horizon), scores)


def standing(
    champion: Registered,
    horizon: int,
    features: FeatureSet,
    closed: MonthRange,
    history: Sequence[Decision],
    scores: Sequence[Row],
) -> Standing:
    """Assess one champion: age, expected and newest error, changes of features and code.

    Args:
        champion: the registered version to assess.
        horizon: horizon of the champion, months.
        features: the features declared now.
        closed: the closed months.
        history: decisions of the horizon, oldest first.
        scores: rows of gold.forecast_scores of the segment ``all``.
    """
    month, newest = newest_month(scores, champion.run, horizon)
    cutoff = date.fromisoformat(champion.tags.get("cutoff", closed.last.isoformat()))
    return Standing(
        horizon=horizon,
        age=month_number(closed.last) - month_number(cutoff),
        expected=expected_error(history, champion.version),
        month=month,
        scores=newest,
        features_changed=not champion.learned_from(features.names),
        code_changed=not was_made_by(champion.tags, features.groups),
    )


def newest_month(
    scores: Sequence[Row], run: str, horizon: int
) -> tuple[date | None, dict[str, Row]]:
    """Find the newest month in which a model's forecasts were scored, and the month's scores.

    If several versions forecast the month, only the newest version's scores count.

    Returns:
        The month, None if no forecast was scored; and forecaster, ``served`` or a baseline → score.
    """
    mine = [score for score in scores if (score["run"], score["horizon"]) == (run, horizon)]
    newest = max(((s["month"], s["version"]) for s in mine), default=None)
    of_newest = [score for score in mine if (score["month"], score["version"]) == newest]
    return (newest[0] if newest else None), {score["model"]: score for score in of_newest}


def expected_error(history: Sequence[Decision], version: str) -> float | None:
    """Find a version's RMSE, units, in its newest decision with figures; None: no finite RMSE."""
    key = " ".join(EVERY_ROW)
    for decision in reversed(history):
        if decision["candidate"] == version and decision["figures"]:
            found: float | None = json.loads(decision["figures"])[key][CANDIDATE]["rmse"]
            return found if found is not None and isfinite(found) else None
    return None


def stored_scores(lake: Lake) -> list[Row]:
    """Read the rows of gold.forecast_scores of the segment ``all``."""
    if not log.exists(lake, FORECAST_SCORES):
        return []
    found: list[Row] = read_table(
        lake, FORECAST_SCORES, filters=[("segment", "=", ALL)]
    ).to_pylist()
    return found
