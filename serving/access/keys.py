"""Keys: `shopcast_<id>_<secret>`, of which only the SHA-256 is kept."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from serving.access.scopes import Caller, Scope

PREFIX = "shopcast"
# 256 random bits cannot be guessed, so that a fast digest suffices: no argon2.
SECRET_BYTES = 32
FORM = re.compile(rf"{PREFIX}_([0-9a-f]{{12}})_[\w-]{{43}}", re.ASCII)


@dataclass(frozen=True)
class Key:
    """A key as it is kept.

    Attributes:
        id: public id, twelve hexadecimal digits.
        name: who holds the key.
        scopes: what the key allows.
        sha256: digest of the whole key, hexadecimal.
        created_at: UTC.
        expires_at: UTC; None: never.
        revoked_at: UTC; None: not revoked.
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    sha256: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def caller(self) -> Caller:
        """The caller that the key identifies."""
        return Caller(self.id, self.name, self.scopes)

    def is_secret(self, text: str) -> bool:
        """Return whether a text is this key; takes the same time wherever the texts differ."""
        return hmac.compare_digest(digest(text), self.sha256)

    def why_invalid(self, now: datetime) -> str | None:
        """Return why the key may not be used at a time, UTC; None: the key is valid."""
        if self.revoked_at is not None and self.revoked_at <= now:
            return "The key is revoked."
        if self.expires_at is not None and self.expires_at <= now:
            return "The key has expired."
        return None

    def expiring(self, at: datetime) -> "Key":
        """Return the key with an expiry no later than a time, UTC."""
        return replace(self, expires_at=min(at, self.expires_at or at))


def generate_key(
    name: str, scopes: frozenset[Scope], now: datetime, expires_at: datetime | None = None
) -> tuple[str, Key]:
    """Generate a key, and return its text, which is never kept, beside what is kept."""
    identity = secrets.token_hex(6)
    text = f"{PREFIX}_{identity}_{secrets.token_urlsafe(SECRET_BYTES)}"
    return text, Key(identity, name, scopes, digest(text), now, expires_at)


def digest(text: str) -> str:
    """Return the SHA-256 of a key's text, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def id_of(text: str) -> str | None:
    """Return the public id within a key's text; None: the text is no key."""
    match = FORM.fullmatch(text)
    return match.group(1) if match else None
