"""Past snapshots: the forecasts and shops that were served at an instant."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from lakehouse.delta.past import PastError
from lakehouse.errors import LakeError
from lakehouse.lake import Lake
from serving.lookup.columns import Columns
from serving.lookup.overridden import read_overridden
from serving.lookup.snapshot import Snapshot
from serving.lookup.version_files import VersionFiles
from serving.lookup.versions import Version, read_shops, version_at, version_named

# Mapped files cost no memory that the system cannot take back, lists of ids do.
OPEN_VERSIONS = 2
WAIT_SECONDS = 20


class BusyError(LakeError):
    """Another past version is being read; ask again."""


class Past:
    """Opens past versions one at a time, and keeps the last ones open."""

    def __init__(self, lake: Lake, files: VersionFiles) -> None:
        self._lake, self._files = lake, files
        self._columns: OrderedDict[Version, Columns] = OrderedDict()
        self._turn = asyncio.Lock()

    async def at(self, instant: datetime) -> Snapshot:
        """Return the snapshot that was served at an instant.

        Raises:
            PastError: nothing was served then, or what was served is not kept.
            BusyError: another past version takes too long.
        """
        async with self._own_turn():
            return await asyncio.to_thread(self._open_at, instant)

    async def named(self, version: str) -> Snapshot | None:
        """Return a published version with the shops of now; None: the version is withdrawn.

        Raises:
            BusyError: another past version takes too long.
        """
        async with self._own_turn():
            return await asyncio.to_thread(self._open_named, version)

    @asynccontextmanager
    async def _own_turn(self) -> AsyncIterator[None]:
        try:
            await asyncio.wait_for(self._turn.acquire(), WAIT_SECONDS)
        except TimeoutError:
            raise BusyError("Another past version is being read; ask again.") from None
        try:
            yield
        finally:
            self._turn.release()

    def _open_at(self, instant: datetime) -> Snapshot:
        version = version_at(self._lake, instant)
        if version is None:
            raise PastError(f"Nothing was served at {instant:%Y-%m-%dT%H:%M:%SZ}.")
        shops = read_shops(self._lake, instant)
        overrides = read_overridden(self._lake, version.cutoff, instant=instant)
        return Snapshot(version, self._open(version), shops, overrides)

    def _open_named(self, name: str) -> Snapshot | None:
        version = version_named(self._lake, name)
        if version is None:
            return None
        overrides = read_overridden(self._lake, version.cutoff)
        return Snapshot(version, self._open(version), read_shops(self._lake), overrides)

    def _open(self, version: Version) -> Columns:
        columns = self._columns.get(version) or self._files.open(version)
        self._columns[version] = columns
        self._columns.move_to_end(version)
        while len(self._columns) > OPEN_VERSIONS:
            self._columns.popitem(last=False)
        return columns
