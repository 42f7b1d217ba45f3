"""Source of snapshots: the lake, or its copy in PostgreSQL."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from lakehouse.errors import LakeError
from lakehouse.lake import Lake
from serving.lookup.snapshot import Snapshot, read_snapshot, with_overrides
from serving.lookup.version_files import VersionFiles
from serving.settings import ServingSettings

logger = logging.getLogger("shopcast")


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Source:
    """Where the newest published version is read from.

    Attributes:
        read: returns the newest snapshot; takes the served one, whose forecasts may be reused.
        close: closes connections.
    """

    read: Callable[[Snapshot | None], Snapshot]
    close: Callable[[], None] = nothing


def open_source(settings: ServingSettings, files: VersionFiles) -> Source:
    """Return the source that the setting STORE names; by default the lake.

    Raises:
        UsageError: STORE is not a PostgreSQL URL.
    """
    if settings.store is None:
        return Source(partial(read_lake, settings.lake, files))
    from publishing.postgresql.reader import CopyReader
    from serving.lookup.copied import read_copied_snapshot

    reader = CopyReader(settings.store.get_secret_value())

    def read(served: Snapshot | None) -> Snapshot:
        return with_lake_s_overrides(settings.lake, read_copied_snapshot(reader, served), served)

    return Source(read, reader.close)


def read_lake(lake: Lake, files: VersionFiles, served: Snapshot | None) -> Snapshot:
    """Read the newest snapshot from the lake."""
    return with_overrides(lake, read_snapshot(lake, files, served), served)


def with_lake_s_overrides(lake: Lake, snapshot: Snapshot, served: Snapshot | None) -> Snapshot:
    """Return a copied snapshot with the overrides of the lake.

    If the lake cannot be read, the overrides read before stay: a copy answers without its lake.
    """
    try:
        return with_overrides(lake, snapshot, served)
    except (LakeError, OSError) as error:
        logger.warning("the overrides in %s cannot be read: %s", lake.root, error)
        return snapshot if served is None else replace(snapshot, overrides=served.overrides)
