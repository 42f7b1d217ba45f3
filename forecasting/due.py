"""Forecasts due for scoring: served, of a closed month, not yet scored against its sales."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from lakehouse.month_range import MonthRange, plus_months

Row = Mapping[str, Any]
MODELS = "models"


@dataclass(frozen=True)
class Due:
    """A version's forecasts of one month, which are due for scoring.

    Attributes:
        version: name of the forecast version.
        month: target month, closed.
        horizon: months from the version's cutoff to the target month.
        run: MLflow run that made the model.
        cells: digest of the month's sales cells; ``none`` if the month has no cells.
    """

    version: str
    month: date
    horizon: int
    run: str
    cells: str


def models_of(version: Row) -> dict[int, str]:
    """Return horizon → MLflow run of the model that made a version's forecasts.

    Args:
        version: row of gold.forecast_versions. If ``inputs`` does not name models by horizon, an
            older program made the version, with horizon 1 only.
    """
    named = json.loads(version["inputs"]).get(MODELS, {"1": version["model"]})
    return {int(horizon): str(run) for horizon, run in named.items()}


def due(
    versions: Iterable[Row],
    closed: MonthRange,
    cells: Mapping[date, str],
    scored: Mapping[tuple[str, date], str],
) -> Iterator[Due]:
    """List the forecasts to score, ordered by version, the oldest first, and horizon.

    A version withdrawn before a month began is not scored in that month. Forecasts are scored again
    when the month's sales have changed.

    Args:
        versions: rows of gold.forecast_versions.
        closed: the closed months.
        cells: month → digest of the month's sales cells; a month without cells is missing.
        scored: version and month → digest of the sales cells that the scores are based on.
    """
    for version in sorted(versions, key=lambda version: str(version["version"])):
        for horizon, run in sorted(models_of(version).items()):
            month = plus_months(version["cutoff"], horizon)
            found = Due(version["version"], month, horizon, run, cells.get(month, "none"))
            if month not in closed or was_withdrawn_before(version, month):
                continue
            if scored.get((found.version, month)) != found.cells:
                yield found


def was_withdrawn_before(version: Row, month: date) -> bool:
    """Check whether a version was withdrawn before a month began, or at an unknown time."""
    withdrawn = version["withdrawn_at"]
    return version["status"] == "withdrawn" and (withdrawn is None or withdrawn.date() < month)
