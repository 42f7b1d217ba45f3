"""What the page reads of the lake besides forecasts, kept as long as the lake stays the same."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from lakehouse.errors import LakeError
from lakehouse.lake import Lake
from serving.page.catalogue import Catalogue, read_catalogue
from serving.page.lake_state import LakeState, read_lake_state
from serving.page.shop_past import ShopPast, read_shop_past
from serving.page.status import MonthScore, read_scores
from serving.page.trace import ForecastTrace, read_trace

logger = logging.getLogger("shopcast")

Result = TypeVar("Result")
# A shop of a million rows takes 60 MB.
KEPT_SHOPS = 8


class PageReader:
    """Reads one thing at a time in another thread, and keeps what was read last."""

    def __init__(self, lake: Lake, refresh_seconds: float) -> None:
        self._lake, self._refresh_seconds = lake, refresh_seconds
        self._state: LakeState | None = None
        self._looked_at = 0.0
        self._catalogue: tuple[str | None, Catalogue] | None = None
        self._shops: OrderedDict[tuple[str, str], ShopPast] = OrderedDict()
        self._scores: tuple[str, list[MonthScore]] | None = None
        self._trace: tuple[tuple[str, str], ForecastTrace | None] | None = None
        self._turn = asyncio.Lock()

    async def state(self) -> LakeState:
        """Return the lake's state, at most ``refresh_seconds`` old.

        If the lake cannot be read, the state of the last look stays.

        Raises:
            LakeError: the lake was never read.
        """
        return await self._run(self._fresh_state)

    async def catalogue(self, state: LakeState) -> Catalogue:
        """Return the names of the items in a state of the lake."""
        return await self._run(lambda: self._names(state))

    async def shop(self, state: LakeState, shop_id: str) -> ShopPast:
        """Return the past of a shop in a state of the lake."""
        return await self._run(lambda: self._past(state, shop_id))

    async def scores(self, state: LakeState) -> list[MonthScore]:
        """Return the scores of past forecasts in a state of the lake."""
        return await self._run(lambda: self._last_scores(state))

    async def trace(self, state: LakeState, version: str) -> ForecastTrace | None:
        """Return how a forecast version was made; None: not recorded."""
        return await self._run(lambda: self._traced(state, version))

    async def _run(self, read: Callable[[], Result]) -> Result:
        async with self._turn:
            return await asyncio.to_thread(read)

    def _fresh_state(self) -> LakeState:
        now = time.monotonic()
        if self._state is None or now - self._looked_at >= self._refresh_seconds:
            self._look()
            self._looked_at = now
        assert self._state is not None
        return self._state

    def _look(self) -> None:
        try:
            self._state = read_lake_state(self._lake)
        except Exception as error:  # object stores and delta-rs raise errors of many kinds
            logger.warning("%s cannot be read for the page: %s", self._lake.root, error)
            if self._state is None:
                raise LakeError(f"{self._lake.root}: its tables cannot be read now.") from error

    def _names(self, state: LakeState) -> Catalogue:
        if self._catalogue is None or self._catalogue[0] != state.items:
            self._catalogue = state.items, read_catalogue(self._lake)
        return self._catalogue[1]

    def _last_scores(self, state: LakeState) -> list[MonthScore]:
        if self._scores is None or self._scores[0] != state.digest:
            self._scores = state.digest, read_scores(self._lake)
        return self._scores[1]

    def _traced(self, state: LakeState, version: str) -> ForecastTrace | None:
        key = state.digest, version
        if self._trace is None or self._trace[0] != key:
            self._trace = key, read_trace(self._lake, version)
        return self._trace[1]

    def _past(self, state: LakeState, shop_id: str) -> ShopPast:
        key = state.digest, shop_id
        past = self._shops.get(key) or read_shop_past(self._lake, state, shop_id)
        self._shops[key] = past
        self._shops.move_to_end(key)
        while len(self._shops) > KEPT_SHOPS:
            self._shops.popitem(last=False)
        return past
