"""Forecast versions: rows of gold.forecast_versions, as readers without features need them."""

from dataclasses import dataclass
from datetime import date, datetime

from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.tables.gold import FORECAST_VERSIONS

PUBLISHED, WITHDRAWN = "published", "withdrawn"


@dataclass(frozen=True)
class ForecastVersion:
    """A row of gold.forecast_versions.

    Attributes:
        version: name of the version; names sort by time.
        cutoff: last month whose sales were visible.
        rows: number of forecasts.
        status: ``published`` or ``withdrawn``.
        published_at: time of publication.
        withdrawn_at: time of withdrawal; None: not withdrawn, or at an unknown time.
    """

    version: str
    cutoff: date
    rows: int
    status: str
    published_at: datetime
    withdrawn_at: datetime | None

    @property
    def is_published(self) -> bool:
        """Whether the version may be served."""
        return self.status == PUBLISHED


def read_forecast_versions(lake: Lake) -> list[ForecastVersion]:
    """Read the forecast versions, newest first.

    Raises:
        LakeError: the table was never created; run jobs.forecast.
    """
    names = tuple(ForecastVersion.__dataclass_fields__)
    rows = read_table(lake, FORECAST_VERSIONS, names).sort_by([("version", "descending")])
    return [ForecastVersion(**row) for row in rows.to_pylist()]
