"""Served snapshot: one published version with its forecasts and the shops."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

import pyarrow as pa

from lakehouse.delta.arrow import read_table
from lakehouse.errors import LakeError
from lakehouse.lake import Lake
from lakehouse.profile.profile import bounds_of
from lakehouse.profile.stored import stored_profile
from lakehouse.storage import is_local, local_path
from lakehouse.tables.gold import FORECAST_VERSIONS, FORECASTS
from lakehouse.tables.silver import SHOPS
from serving.lookup import forecasts, shops
from serving.lookup.forecasts import Forecasts, count_unsound
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


@dataclass(frozen=True)
class Snapshot:
    """A version with its forecasts, and the shops at the time of reading."""

    version: Version
    forecasts: Forecasts
    shops: Shops

    @cached_property
    def tag(self) -> str:
        """The ETag of answers: replicas with equal tags give equal answers."""
        names, aliases = (sorted(d.items()) for d in (self.shops.names, self.shops.aliases))
        parts = (self.version, names, aliases, sorted(self.shops.ids))
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def read_snapshot(lake: Lake, known: Snapshot | None = None) -> Snapshot:
    """Read the newest published version, with forecasts and shops.

    Args:
        lake: the lake to read.
        known: a snapshot whose forecasts are reused if the snapshot's version is still the newest;
            None: all forecasts are read.

    Raises:
        LakeError: no lake exists there, a table is missing, or forecasts of the version are
            missing or not sound.
        NothingPublishedError: no version is published; run jobs.forecast.
    """
    require_lake(lake)
    version = newest_published(lake)
    present = Shops.of(read_table(lake, SHOPS, shops.COLUMNS))
    if known is not None and known.version == version:
        return Snapshot(version, known.forecasts, present)
    return Snapshot(version, read_forecasts(lake, version), present)


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
    names = tuple(Version.__dataclass_fields__)
    published = read_table(lake, FORECAST_VERSIONS, names, [("status", "=", "published")])
    if not len(published):
        raise NothingPublishedError(f"{lake.root}: no forecasts are published; run forecast.")
    newest = published.sort_by([("version", "descending")]).slice(0, 1).to_pylist()
    return Version(**newest[0])


def read_forecasts(lake: Lake, version: Version) -> Forecasts:
    """Read and check the forecasts of a version.

    Raises:
        LakeError: the number of forecasts differs from the version's ``rows``, or a forecast is
            not a number within the bounds of the lake's profile; forecast again, or withdraw the
            version.
    """
    rows = read_table(lake, FORECASTS, forecasts.COLUMNS, [("version", "=", version.version)])
    if len(rows) != version.rows:
        raise LakeError(
            f"{lake.uri(FORECASTS)}: version {version.version} has {len(rows)} forecasts, "
            f"{version.rows} were published; forecast again or withdraw it."
        )
    bounds = bounds_of(stored_profile(lake).target_clip)
    if wrong := count_unsound(rows, bounds):
        raise LakeError(
            f"{lake.uri(FORECASTS)}: version {version.version} has {wrong} forecasts that are not "
            f"numbers within [{bounds[0]:g}, {bounds[1]:g}]; forecast again or withdraw it."
        )
    index = Forecasts.of(rows)
    del rows
    pa.default_memory_pool().release_unused()
    return index
