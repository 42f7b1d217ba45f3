"""Identification: the credential of a request → the caller, or why nothing identifies one."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic

from serving.access.key_store import KeyStore
from serving.access.keys import Key, id_of
from serving.access.scopes import Caller, Refusal

# A new or revoked key counts after at most this time, in every worker.
REREAD_SECONDS = 2.0
NO_CREDENTIAL = Refusal("The request has no key; send `Authorization: Bearer KEY`.", False)
NO_KEYS = Refusal(
    "No key is configured; create one with `python -m serving keys create` on the server.", False
)
UNKNOWN = Refusal("The key is not valid.", True)


def utc_now() -> datetime:
    """Return the current time, UTC."""
    return datetime.now(UTC)


class Identities:
    """The valid credentials, read again every ``REREAD_SECONDS``."""

    def __init__(self, store: KeyStore, clock: Callable[[], datetime] = utc_now) -> None:
        self._store = store
        self._clock = clock
        self._keys: dict[str, Key] = {}
        self._reread_at = 0.0

    def identify(self, authorization: str | None) -> Caller | Refusal:
        """Identify the caller by the value of the header Authorization; None: no such header."""
        keys = self._known_keys()
        scheme, _, credential = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not credential:
            return NO_CREDENTIAL if keys else NO_KEYS
        key = keys.get(id_of(credential) or "")
        if key is None or not key.is_secret(credential):
            return UNKNOWN
        reason = key.why_invalid(self._clock())
        return Refusal(reason, True) if reason else key.caller

    def _known_keys(self) -> dict[str, Key]:
        now = monotonic()
        if now >= self._reread_at:
            self._keys = {key.id: key for key in self._store.list()}
            self._reread_at = now + REREAD_SECONDS
        return self._keys
