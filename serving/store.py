"""The snapshot that is served, and how it is kept new."""

import asyncio
import logging
from dataclasses import dataclass

from lakehouse.errors import ShopcastError
from lakehouse.lake import Lake
from serving.snapshot import NothingPublishedError, Snapshot, read_snapshot

logger = logging.getLogger("shopcast")


@dataclass(frozen=True)
class State:
    """What is served, and what kept the last refresh from finding something newer."""

    snapshot: Snapshot | None = None
    fault: str | None = None


class Store:
    """Holds one state; a refresh replaces it as a whole.

    A request takes the state once, so that no answer mixes two versions.
    """

    def __init__(self, lake: Lake) -> None:
        self.state = State(fault=f"{lake.root}: not read yet; ask again.")
        self._lake = lake

    async def keep_new(self, seconds: float) -> None:
        """Refresh now and then every so many seconds, until cancelled."""
        while True:
            await asyncio.to_thread(self.refresh)
            await asyncio.sleep(seconds)

    def refresh(self) -> None:
        """Serve the newest published version; on a failure go on serving the last good one.

        A withdrawal is no failure: what was withdrawn is served no longer.
        """
        before = self.state.snapshot
        try:
            self.state = State(read_snapshot(self._lake, before))
        except NothingPublishedError as error:
            self._keep(None, str(error))
        except ShopcastError as error:
            self._keep(before, str(error))
        except BaseException as error:  # a panic of delta-rs is no Exception
            logger.exception("%s cannot be read", self._lake.root)
            self._keep(before, f"{self._lake.root}: cannot be read ({type(error).__name__}).")
        else:
            self._announce(before)

    def _keep(self, snapshot: Snapshot | None, fault: str) -> None:
        self.state = State(snapshot, fault)
        served = f"version {snapshot.version.version}" if snapshot else "nothing"
        logger.warning("serving %s: %s", served, fault)

    def _announce(self, before: Snapshot | None) -> None:
        now = self.state.snapshot
        if now is not None and (before is None or before.version != now.version):
            served = (now.version.version, len(now.forecasts), f"{now.version.cutoff:%Y-%m}")
            logger.info("serving version %s: %s forecasts, cutoff %s", *served)
