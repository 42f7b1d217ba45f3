"""Published versions and shops in the lake: the newest, or what was served at an instant."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from lakehouse.delta.arrow import read_table
from lakehouse.delta.past import read_table_at
from lakehouse.errors import LakeError
from lakehouse.forecast_versions import ForecastVersion, read_forecast_versions
from lakehouse.lake import Lake
from lakehouse.profile.stored import stored_profile
from lakehouse.storage import is_local, local_path
from lakehouse.tables.silver import SHOPS
from serving.lookup import shops
from serving.lookup.shops import Shops


class NothingPublishedError(LakeError):
    """The lake is readable, but has no published version of forecasts."""


@dataclass(frozen=True)
class Version:
    """A published version: columns of gold.forecast_versions."""

    version: str
    cutoff: date
    rows: int
    published_at: datetime


def require_lake(lake: Lake) -> None:
    """Check that a lake in a known format exists, without creating anything.

    Raises:
        LakeError: no lake exists there, its format is unknown, or its object store does not
            answer.
    """
    if is_local(lake.root) and not local_path(lake.root).is_dir():
        raise LakeError(
            f"{lake.root}: no such folder; run ingest_history first, or name another lake."
        )
    lake.require_store()
    stored_profile(lake)


def newest_published(lake: Lake) -> Version:
    """Return the newest published version.

    Raises:
        NothingPublishedError: no version is published; run jobs.forecast.
    """
    newest = first(row for row in read_forecast_versions(lake) if row.is_published)
    if newest is None:
        raise NothingPublishedError(f"{lake.root}: no forecasts are published; run forecast.")
    return newest


def version_at(lake: Lake, instant: datetime) -> Version | None:
    """Return the version that was served at an instant; None: nothing was served.

    A version is served from its publication to its withdrawal. A withdrawn version without a time
    of withdrawal counts as never served.
    """
    return first(
        row
        for row in read_forecast_versions(lake)
        if row.published_at <= instant
        and (row.is_published or instant < (row.withdrawn_at or instant))
    )


def version_named(lake: Lake, name: str) -> Version | None:
    """Return the published version of a name; None: the version is missing or withdrawn."""
    rows = read_forecast_versions(lake)
    return first(row for row in rows if row.version == name and row.is_published)


def first(rows: Iterable[ForecastVersion]) -> Version | None:
    """Return the first of some versions; None: there is none."""
    row = next(iter(rows), None)
    return None if row is None else Version(row.version, row.cutoff, row.rows, row.published_at)


def read_shops(lake: Lake, instant: datetime | None = None) -> Shops:
    """Read silver.shops as the table is now, or as the table was at an instant.

    Raises:
        PastError: the table's state at the instant is not kept.
    """
    if instant is None:
        return Shops.of(read_table(lake, SHOPS, shops.COLUMNS))
    return Shops.of(read_table_at(lake, SHOPS, instant, shops.COLUMNS))
