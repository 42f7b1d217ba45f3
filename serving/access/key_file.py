"""Keys of a mounted file, which all replicas of the API read."""

import json
import logging
from datetime import UTC
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from lakehouse.errors import UsageError
from serving.access.keys import Key
from serving.access.scopes import Scope

logger = logging.getLogger("shopcast")


class KeyEntry(BaseModel):
    """A key in the file; to revoke a key, remove its entry."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(pattern="^[0-9a-f]{12}$")]
    name: Annotated[str, Field(min_length=1)]
    scopes: Annotated[list[Scope], Field(min_length=1)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None

    @property
    def key(self) -> Key:
        """The key of the entry."""
        times = (self.created_at.astimezone(UTC), self.expires_at)
        return Key(self.id, self.name, frozenset(self.scopes), self.sha256, *times)


ENTRIES = TypeAdapter(list[KeyEntry])


class KeyFile:
    """A JSON list of keys, read again when the file changes."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            UsageError: the file cannot be read, or an entry is wrong; names the entry.
        """
        self._path = path
        self._stamp = self._stamp_of()
        self._keys = read_entries(path)

    def list(self) -> list[Key]:
        """Return the keys of the file; of the last sound file while the file is broken."""
        stamp = self._stamp_of()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._keys = read_entries(self._path)
            except UsageError as error:
                logger.error("%s The keys read before stay valid.", error)
        return self._keys

    def _stamp_of(self) -> tuple[int, int, int]:
        try:
            status = self._path.stat()
        except OSError:
            return (0, 0, 0)
        return status.st_mtime_ns, status.st_ino, status.st_size


def read_entries(path: Path) -> list[Key]:
    """Read the keys of a file.

    Raises:
        UsageError: the file cannot be read, or an entry is wrong; names the entry.
    """
    try:
        entries = ENTRIES.validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"KEYS_FILE: {path}: {error.strerror}; name a readable file.") from None
    except ValidationError as error:
        fault = error.errors(include_input=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the file"
        raise UsageError(
            f"KEYS_FILE: {path}: {place}: {fault['msg']}; "
            "`python -m serving keys create --for-file` prints a sound entry."
        ) from None
    return [entry.key for entry in entries]


def render_entry(key: Key) -> str:
    """Render the entry of a key for the file."""
    entry = {"id": key.id, "name": key.name, "scopes": sorted(key.scopes), "sha256": key.sha256}
    times = {"created_at": key.created_at, "expires_at": key.expires_at}
    return json.dumps(entry | {n: time.isoformat() for n, time in times.items() if time})
