"""Stored keys: the table ``keys`` of the state database."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from sqlite3 import Connection, Row

from lakehouse.errors import UsageError
from serving.access.keys import Key, generate_key
from serving.access.scopes import Scope
from serving.state import StateFolder

SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,      -- separated by blanks
    sha256 TEXT NOT NULL,      -- of the whole key; the key itself is never kept
    created_at TEXT NOT NULL,  -- ISO 8601, UTC
    expires_at TEXT,           -- NULL: never
    revoked_at TEXT            -- NULL: not revoked
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class KeyStore:
    """The keys of a state folder."""

    state: StateFolder

    def list(self) -> list[Key]:
        """Return all keys, revoked and expired ones too, oldest first."""
        rows = self.state.read_rows("keys", "SELECT * FROM keys ORDER BY created_at, id")
        return [key_of(row) for row in rows]

    def create(self, name: str, scopes: Iterable[Scope], expires_at: datetime | None = None) -> str:
        """Create a key and return its text: the only time that the text is known."""
        text, key = generate_key(name, frozenset(scopes), datetime.now(UTC), expires_at)
        self.add(key)
        return text

    def add(self, key: Key) -> None:
        """Add a key."""
        with self.state.transaction(SCHEMA) as database:
            insert(database, key)

    def revoke(self, key_id: str, now: datetime) -> None:
        """Revoke a key for good.

        Raises:
            UsageError: no key has the id; `python -m serving keys list` shows the ids.
        """
        with self.state.transaction(SCHEMA) as database:
            require_key(database, key_id)
            database.execute(
                "UPDATE keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?",
                (now.isoformat(), key_id),
            )

    def rotate(self, key_id: str, overlap: timedelta, now: datetime) -> str:
        """Create a successor of a key and return its text; both are valid during the overlap.

        The successor has the name, the scopes and the lifetime of the key.

        Raises:
            UsageError: no key has the id, or the key is revoked or expired; create another one.
        """
        with self.state.transaction(SCHEMA) as database:
            key = require_key(database, key_id)
            if reason := key.why_invalid(now):
                raise UsageError(f"{key_id}: {reason} Create another key.")
            expires_at = now + (key.expires_at - key.created_at) if key.expires_at else None
            text, successor = generate_key(key.name, key.scopes, now, expires_at)
            insert(database, successor)
            end = key.expiring(now + overlap).expires_at
            database.execute(
                "UPDATE keys SET expires_at = ? WHERE id = ?", (end and end.isoformat(), key_id)
            )
        return text


def insert(database: Connection, key: Key) -> None:
    """Insert a key."""
    times = (key.created_at, key.expires_at, key.revoked_at)
    values = (key.id, key.name, " ".join(sorted(key.scopes)), key.sha256)
    database.execute(
        "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*values, *(time and time.isoformat() for time in times)),
    )


def require_key(database: Connection, key_id: str) -> Key:
    """Return the key with an id.

    Raises:
        UsageError: no key has the id; `python -m serving keys list` shows the ids.
    """
    row = database.execute("SELECT * FROM keys WHERE id = ?", (key_id,)).fetchone()
    if row is None:
        raise UsageError(f"{key_id!r}: no such key; `python -m serving keys list` shows the ids.")
    return key_of(row)


def key_of(row: Row) -> Key:
    """Convert a row of the table."""
    created, expires, revoked = (
        row[column] and datetime.fromisoformat(row[column])
        for column in ("created_at", "expires_at", "revoked_at")
    )
    scopes = frozenset(Scope(scope) for scope in row["scopes"].split())
    return Key(row["id"], row["name"], scopes, row["sha256"], created, expires, revoked)
