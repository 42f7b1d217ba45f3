"""Forecast versions of a lake, as copies need them."""

from dataclasses import dataclass
from datetime import date

from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.tables.gold import FORECAST_VERSIONS, FORECASTS


@dataclass(frozen=True)
class ForecastVersion:
    """A row of gold.forecast_versions, what copies need of it."""

    version: str
    cutoff: date
    status: str
    rows: int

    @property
    def is_published(self) -> bool:
        """Whether the version may be served."""
        return self.status == "published"


def forecast_versions(lake: Lake) -> list[ForecastVersion]:
    """Read the forecast versions, newest first; empty if nothing was forecast yet."""
    if not (log.exists(lake, FORECAST_VERSIONS) and log.exists(lake, FORECASTS)):
        return []
    names = tuple(ForecastVersion.__dataclass_fields__)
    stored = read_table(lake, FORECAST_VERSIONS, names).sort_by([("version", "descending")])
    return [ForecastVersion(**row) for row in stored.to_pylist()]


def served_version(lake: Lake) -> ForecastVersion | None:
    """Return the newest published forecast version; None: no version is published."""
    return next((v for v in forecast_versions(lake) if v.is_published), None)
