"""Which months are closed, which versions are published, and which state their tables have."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.forecast_versions import ForecastVersion, read_forecast_versions
from lakehouse.lake import Lake
from lakehouse.tables.gold import FORECAST_SCORES, FORECAST_VERSIONS
from lakehouse.tables.silver import ITEMS, MONTHS
from serving.page.cells import PAIR_CELLS

WATCHED = (PAIR_CELLS, MONTHS, ITEMS, FORECAST_VERSIONS, FORECAST_SCORES)
# Past forecasts are read from so many versions: two years of monthly ones.
PAST_VERSIONS = 24


@dataclass(frozen=True)
class LakeState:
    """The lake as it is at one look.

    Attributes:
        digest: changes whenever one of the tables ``WATCHED`` has changed.
        items: state of the catalogue of items; None: the table does not exist.
        closed: the closed months, ascending.
        open_month: the month that receives sales; None: no month is open.
        versions: the forecast versions, newest first.
    """

    digest: str
    items: str | None
    closed: Sequence[date]
    open_month: date | None
    versions: Sequence[ForecastVersion]

    @property
    def last_closed(self) -> date | None:
        """The last closed month; None: no month is closed."""
        return self.closed[-1] if self.closed else None

    @property
    def published(self) -> list[str]:
        """Names of the last published versions, newest first, at most ``PAST_VERSIONS``."""
        names = [v.version for v in self.versions if v.is_published]
        return names[:PAST_VERSIONS]


def read_lake_state(lake: Lake) -> LakeState:
    """Read the state of a lake; a table that was never created counts as empty."""
    states = {table.path: log.table_state(lake, table) for table in WATCHED}
    months = read_months(lake)
    return LakeState(
        digest=log.digest(sorted(states.items())),
        items=states[ITEMS.path],
        closed=sorted(row["month"] for row in months if row["status"] == "closed"),
        open_month=max((row["month"] for row in months if row["status"] == "open"), default=None),
        versions=read_forecast_versions(lake) if log.exists(lake, FORECAST_VERSIONS) else [],
    )


def read_months(lake: Lake) -> list[dict[str, Any]]:
    """Read month and status of silver.months; empty: the table does not exist."""
    if not log.exists(lake, MONTHS):
        return []
    rows: list[dict[str, Any]] = read_table(lake, MONTHS, ("month", "status")).to_pylist()
    return rows
