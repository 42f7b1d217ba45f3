"""Units of a copy: rows of a table that are copied, replaced and removed together."""

from dataclasses import dataclass
from datetime import date

from lakehouse.delta import listing, log
from lakehouse.delta.arrow import Filters
from lakehouse.forecast_versions import ForecastVersion
from lakehouse.lake import Lake
from lakehouse.table import Table
from lakehouse.tables.gold import FORECASTS
from publishing.versions import forecast_versions, served_version


@dataclass(frozen=True)
class Unit:
    """Rows of one table that are copied, replaced and removed together.

    Attributes:
        name: ``all``, a month as YYYY-MM, or a forecast version.
        state: changes whenever the unit's rows may have changed.
        filters: conditions that select the unit's rows in the lake.
        shared: column and value that all rows have; None: no such column.
        rows: forecasts of a published version, which are checked; None: other rows.
    """

    name: str
    state: str
    filters: Filters = ()
    shared: tuple[str, date | str] | None = None
    rows: int | None = None


def whole_unit(lake: Lake, table: Table) -> list[Unit]:
    """Return a table's rows as one unit; no unit if the table was never created."""
    state = log.table_state(lake, table)
    return [] if state is None else [Unit("all", state)]


def month_units(
    lake: Lake, table: Table, first: date = date.min, filters: Filters = ()
) -> list[Unit]:
    """Return a unit per month of a table partitioned by month.

    Args:
        lake: the lake that has the table; a missing table has no units.
        table: a table partitioned by month.
        first: first month to copy.
        filters: further conditions that a copied row must meet.
    """
    if not log.exists(lake, table):
        return []
    return [
        Unit(f"{month:%Y-%m}", state, [("month", "=", month), *filters], ("month", month))
        for month, state in sorted(listing.month_digests(lake, table).items())
        if month >= first
    ]


def version_units(lake: Lake, count: int) -> list[Unit]:
    """Return a unit for each forecast version to copy; the rows of a version never change.

    Args:
        lake: the lake that has the forecasts; missing tables have no units.
        count: number of versions, newest first. The served version is copied in any case.
    """
    newest_first, served = forecast_versions(lake), served_version(lake)
    return [
        version_unit(lake, version)
        for place, version in enumerate(newest_first)
        if place < count or version == served
    ]


def version_unit(lake: Lake, version: ForecastVersion) -> Unit:
    """Return the unit of a forecast version.

    A withdrawn version may be incomplete, which is perhaps why it was withdrawn.
    """
    return Unit(
        version.version,
        f"{log.table_id(lake, FORECASTS)} {version.rows}",
        [("version", "=", version.version)],
        ("version", version.version),
        rows=version.rows if version.is_published else None,
    )
