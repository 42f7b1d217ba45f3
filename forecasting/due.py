"""Which forecasts are to be scored: served, of a month that is closed, not scored as it is now."""

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
    """A version's forecasts of one month.

    Attributes:
        version: forecast version.
        month: target month, closed.
        horizon: months from the version's cutoff to it.
        run: MLflow run that made the model.
        cells: digest of the month's cells.
    """

    version: str
    month: date
    horizon: int
    run: str
    cells: str


def models_of(version: Row) -> dict[int, str]:
    """Return the MLflow run that made a version's forecasts, by horizon.

    Args:
        version: of gold.forecast_versions; where its inputs do not name models by horizon, it was
            made when there was horizon 1 alone.
    """
    named = json.loads(version["inputs"]).get(MODELS, {"1": version["model"]})
    return {int(horizon): str(run) for horizon, run in named.items()}


def due(
    versions: Iterable[Row],
    closed: MonthRange,
    cells: Mapping[date, str],
    scored: Mapping[tuple[str, date], str],
) -> Iterator[Due]:
    """List what is to be scored, oldest version first.

    Args:
        versions: of gold.forecast_versions.
        closed: the closed months.
        cells: month → digest of its cells; a month without any has none.
        scored: version and month → digest of the cells that it was scored against.
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
    """Say whether a version was no longer served when a month began."""
    withdrawn = version["withdrawn_at"]
    return version["status"] == "withdrawn" and (withdrawn is None or withdrawn.date() < month)
