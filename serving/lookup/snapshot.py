"""Served snapshot: one version with its forecasts and the shops of the time of reading."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property

from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from serving.lookup.forecasts import Forecasts
from serving.lookup.overridden import Overridden, read_overridden
from serving.lookup.shops import Shops
from serving.lookup.version_files import VersionFiles
from serving.lookup.versions import Version, newest_published, read_shops, require_lake

# Where MAX_AGE_MONTHS is not set: the month after the cutoff has closed, and one more.
USUAL_AGE_MONTHS = 2


@dataclass(frozen=True)
class Snapshot:
    """A version with its forecasts, the shops, and the overrides of planners."""

    version: Version
    forecasts: Forecasts
    shops: Shops
    overrides: Overridden = field(default_factory=Overridden)

    @cached_property
    def tag(self) -> str:
        """Digest of what answers are made from: replicas with equal tags give equal answers."""
        names, aliases = (sorted(d.items()) for d in (self.shops.names, self.shops.aliases))
        parts = (self.version.version, names, aliases, sorted(self.shops.ids), self.overrides.tag)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

    def stale_from(self, max_age_months: int | None) -> datetime:
        """Return from when on the forecasts are stale.

        Args:
            max_age_months: greatest age of the cutoff, months; None: ``USUAL_AGE_MONTHS``.
        """
        age = USUAL_AGE_MONTHS if max_age_months is None else max_age_months
        first = plus_months(self.version.cutoff, age + 1)
        return datetime(first.year, first.month, first.day, tzinfo=UTC)


def read_snapshot(lake: Lake, files: VersionFiles, served: Snapshot | None = None) -> Snapshot:
    """Read the newest published version, with forecasts and shops.

    Args:
        lake: the lake to read.
        files: the files of the lake's versions.
        served: a snapshot whose forecasts are reused if the snapshot's version is still the
            newest; None: all forecasts are opened.

    Raises:
        LakeError: no lake exists there, a table is missing, or forecasts of the version are
            missing or not sound.
        NothingPublishedError: no version is published; run jobs.forecast.
    """
    require_lake(lake)
    version = newest_published(lake)
    shops = read_shops(lake)
    if served is not None and served.version == version:
        return Snapshot(version, served.forecasts, shops)
    return Snapshot(version, files.open(version), shops)


def with_overrides(lake: Lake, snapshot: Snapshot, served: Snapshot | None) -> Snapshot:
    """Return a snapshot with the overrides that count now.

    Args:
        lake: the lake that has the overrides.
        snapshot: the newest version.
        served: the snapshot before, whose overrides are reused if the ledger is unchanged.
    """
    cutoff = snapshot.version.cutoff
    is_reusable = served is not None and served.version.cutoff == cutoff
    before = served.overrides if served is not None and is_reusable else None
    return replace(snapshot, overrides=read_overridden(lake, cutoff, before))
