"""Snapshot store: the served snapshot, refreshed from the lake at intervals."""

import asyncio
import logging
from dataclasses import dataclass

from lakehouse.errors import ShopcastError
from lakehouse.lake import Lake
from lakehouse.storage import is_local, local_path
from serving.lookup.snapshot import Snapshot
from serving.lookup.source import Source
from serving.lookup.versions import NothingPublishedError

logger = logging.getLogger("shopcast")

NOT_READ_YET = "The forecasts are not read yet; ask again."


@dataclass(frozen=True)
class State:
    """The served snapshot, and the fault of the last refresh.

    Attributes:
        snapshot: the served snapshot; None: nothing is served.
        fault: public sentence without paths that says why the last refresh failed; None: the
            refresh succeeded. The log holds the full reason.
    """

    snapshot: Snapshot | None = None
    fault: str | None = None


class Store:
    """Holds one state, which a refresh replaces as a whole.

    A request reads the state once, so that no answer mixes two versions.
    """

    def __init__(self, lake: Lake, source: Source) -> None:
        self.state = State(fault=NOT_READ_YET)
        self._lake, self._source = lake, source

    async def keep_new(self, seconds: float) -> None:
        """Refresh now, and again ``seconds`` after each refresh, until cancelled."""
        while True:
            await asyncio.to_thread(self.refresh)
            await asyncio.sleep(seconds)

    def refresh(self) -> None:
        """Replace the state by the newest published version.

        If the lake or its copy cannot be read, the last good snapshot stays. If no version is
        published any more, as after a withdrawal, nothing is served.
        """
        before = self.state.snapshot
        try:
            self.state = State(self._source.read(before))
        except NothingPublishedError as error:
            self._keep(None, error)
        except ShopcastError as error:
            self._keep(before, error)
        except BaseException as error:  # a panic of delta-rs is not an Exception
            logger.exception("%s cannot be read", self._lake.root)
            self._keep(before, error)
        else:
            self._announce(before)

    def _keep(self, snapshot: Snapshot | None, error: BaseException) -> None:
        self.state = State(snapshot, self.public_sentence(error))
        served = f"version {snapshot.version.version}" if snapshot else "nothing"
        logger.warning("serving %s: %s", served, error)

    def _announce(self, before: Snapshot | None) -> None:
        now = self.state.snapshot
        if now is not None and (before is None or before.version != now.version):
            served = (now.version.version, len(now.forecasts), f"{now.version.cutoff:%Y-%m}")
            logger.info("serving version %s: %s forecasts, cutoff %s", *served)

    def public_sentence(self, error: BaseException) -> str:
        """Write why the lake cannot be read without its path; the log has the full reason."""
        lake = self._lake
        sentence = str(error).replace(lake.root, "The lake")
        places = ("://", *([str(local_path(lake.root))] if is_local(lake.root) else []))
        if isinstance(error, ShopcastError) and not any(place in sentence for place in places):
            return sentence
        return f"The lake cannot be read ({type(error).__name__}); the log of the server says why."
