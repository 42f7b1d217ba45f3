"""Views of requests: the newest snapshot now, or a past one at an instant."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from lakehouse.delta.past import PastError
from lakehouse.errors import ShopcastError
from serving.lookup.past import BusyError, Past
from serving.lookup.snapshot import Snapshot
from serving.lookup.store import Store
from serving.lookup.view import View
from serving.problems import NOT_KEPT, Problem, ProblemError, not_ready
from serving.settings import ServingSettings


class Views:
    """Answers every request from one view, so that no answer mixes two versions."""

    def __init__(
        self, store: Store, past: Past, settings: ServingSettings, now: Callable[[], datetime]
    ) -> None:
        self._store, self._past, self._settings, self._now = store, past, settings, now
        scope = "public" if settings.reads_open else "private"
        # This process may be one refresh interval behind the lake, so may an answer.
        self._cache_control = f"{scope}, max-age={int(settings.refresh_seconds)}"
        self._served: tuple[Snapshot, datetime, View, View] | None = None

    @property
    def has_open_reads(self) -> bool:
        """Whether reading needs no key."""
        return self._settings.reads_open

    @property
    def has_forecasts(self) -> bool:
        """Whether anything is served."""
        return self._store.state.snapshot is not None

    def served(self) -> View:
        """Return the view of the served snapshot now.

        Raises:
            ProblemError: nothing is served (status 503); the detail gives the reason.
        """
        state = self._store.state
        if state.snapshot is None:
            raise not_ready(state.fault or "Nothing is served.", self._settings.refresh_seconds)
        if self._served is None or self._served[0] is not state.snapshot:
            stale_from = state.snapshot.stale_from(self._settings.max_age_months)
            fresh, stale = (self._view(state.snapshot, is_stale) for is_stale in (False, True))
            self._served = state.snapshot, stale_from, fresh, stale
        _, stale_from, fresh, stale = self._served
        return fresh if self._now() < stale_from else stale

    async def at(self, instant: datetime | None) -> View:
        """Return the view of what was served at an instant; None: of what is served now.

        Raises:
            ProblemError: the instant is in the future, or what was served then is not kept
                (status 404), or nothing can be served now (503).
        """
        if instant is None:
            return self.served()
        if instant > self._now():
            raise not_kept(f"as_of: {instant.isoformat()} is in the future; name a past instant.")
        try:
            snapshot = await self._past.at(instant)
        except PastError as error:
            raise not_kept(self._store.public_sentence(error)) from None
        except ShopcastError as error:
            raise self._unreadable(error) from None
        return self._view(snapshot, instant >= snapshot.stale_from(self._settings.max_age_months))

    async def of_version(self, version: str) -> View:
        """Return the view of a published version now.

        Raises:
            ProblemError: the version is withdrawn or not kept (status 404), or cannot be read now
                (503).
        """
        served = self.served()
        if served.snapshot.version.version == version:
            return served
        try:
            snapshot = await self._past.named(version)
        except ShopcastError as error:
            raise self._unreadable(error) from None
        if snapshot is None:
            raise not_kept(f"Version {version} is not published any more; begin at the first page.")
        is_stale = self._now() >= snapshot.stale_from(self._settings.max_age_months)
        return self._view(snapshot, is_stale)

    def _view(self, snapshot: Snapshot, is_stale: bool) -> View:
        return View(snapshot, is_stale, self._cache_control)

    def _unreadable(self, error: ShopcastError) -> ProblemError:
        after = 1 if isinstance(error, BusyError) else self._settings.refresh_seconds
        return not_ready(self._store.public_sentence(error), after)


def not_kept(detail: str) -> ProblemError:
    """Build the error about a past that is not kept, status 404."""
    status = HTTPStatus.NOT_FOUND
    return ProblemError(Problem(type=NOT_KEPT, title="Not kept", status=status, detail=detail))
