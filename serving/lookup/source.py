"""Source of snapshots: the lake, or its copy in PostgreSQL."""

from collections.abc import Callable
from dataclasses import dataclass

from serving.lookup.snapshot import Snapshot, read_snapshot
from serving.lookup.version_files import VersionFiles
from serving.settings import ServingSettings


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
        return Source(lambda served: read_snapshot(settings.lake, files, served))
    from publishing.postgresql.reader import CopyReader
    from serving.lookup.copied import read_copied_snapshot

    reader = CopyReader(settings.store.get_secret_value())
    return Source(lambda served: read_copied_snapshot(reader, served), reader.close)
