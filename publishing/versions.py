"""Forecast versions of a lake, as copies need them."""

from lakehouse.delta import log
from lakehouse.forecast_versions import ForecastVersion, read_forecast_versions
from lakehouse.lake import Lake
from lakehouse.tables.gold import FORECAST_VERSIONS, FORECASTS


def forecast_versions(lake: Lake) -> list[ForecastVersion]:
    """Read the forecast versions, newest first; empty if nothing was forecast yet."""
    if not (log.exists(lake, FORECAST_VERSIONS) and log.exists(lake, FORECASTS)):
        return []
    return read_forecast_versions(lake)


def served_version(lake: Lake) -> ForecastVersion | None:
    """Return the newest published forecast version; None: no version is published."""
    return next((v for v in forecast_versions(lake) if v.is_published), None)
