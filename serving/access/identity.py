"""Identification: the credential of a request → the caller, or why nothing identifies one."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import Protocol

from serving.access.keys import Key, id_of
from serving.access.scopes import Caller, Refusal

# A new or revoked key counts after at most this time, in every worker.
REREAD_SECONDS = 2.0
NO_CREDENTIAL = Refusal("The request has no key; send `Authorization: Bearer KEY`.", False)
NO_KEYS = Refusal(
    "No key is configured; create one with `python -m serving keys create` on the server.", False
)
UNKNOWN = Refusal("The key is not valid.", True)


class KeySource(Protocol):
    """Where keys are listed: the state database, a file."""

    def list(self) -> Sequence[Key]:
        """Return all keys, revoked and expired ones too."""
        ...


class TokenVerifier(Protocol):
    """What turns a bearer token that is no key into a caller."""

    async def verify(self, token: str) -> Caller | Refusal:
        """Return the caller that the token names, or why the token is refused."""
        ...


class Identities:
    """The valid credentials; keys are read again every ``REREAD_SECONDS``."""

    def __init__(
        self,
        sources: Sequence[KeySource],
        tokens: TokenVerifier | None,
        clock: Callable[[], datetime],
    ) -> None:
        self._sources = sources
        self._tokens = tokens
        self._clock = clock
        self._keys: Mapping[str, Key] = {}
        self._reread_at = 0.0

    async def identify(self, authorization: str) -> Caller | Refusal:
        """Identify the caller by the value of the header Authorization."""
        scheme, _, credential = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return self.explain_missing()
        key_id = id_of(credential)
        if key_id is None and self._tokens is not None:
            return await self._tokens.verify(credential)
        key = self._read_keys().get(key_id or "")
        if key is None or not key.is_secret(credential):
            return UNKNOWN
        reason = key.why_invalid(self._clock())
        return Refusal(reason, True) if reason else key.caller

    def explain_missing(self) -> Refusal:
        """Explain to a caller without a credential what is missing."""
        return NO_CREDENTIAL if self._tokens or self._read_keys() else NO_KEYS

    def _read_keys(self) -> Mapping[str, Key]:
        now = monotonic()
        if now >= self._reread_at:
            self._keys = {key.id: key for source in self._sources for key in source.list()}
            self._reread_at = now + REREAD_SECONDS
        return self._keys
