"""Stored uploads: the table ``uploads`` of the state database, and a folder of files for each."""

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from sqlite3 import Connection, Row

from serving.state import StateFolder
from serving.uploads.forms import What
from serving.uploads.limits import Refusal

SCHEMA = """
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY,          -- first digits of the SHA-256 of the Idempotency-Key
    what TEXT NOT NULL,
    media TEXT NOT NULL,          -- Content-Type and Content-Encoding, separated by a line end
    first_used_at TEXT NOT NULL,  -- of the key, ISO 8601, UTC
    state TEXT NOT NULL,
    digest TEXT,                  -- SHA-256 of the body; NULL: the body is not complete
    size INTEGER,                 -- bytes of the body; NULL: the body is not complete
    counts TEXT NOT NULL,         -- JSON
    first_faults TEXT NOT NULL,   -- JSON
    refusal TEXT,                 -- JSON; NULL: not refused
    command TEXT                  -- takes the landed file in; NULL: nothing has landed
) WITHOUT ROWID;
"""
MARKS = f"({', '.join('?' * 11)})"
ID_LENGTH = 32
FOLDER = "uploads"
# Whoever looks whether an upload is worked on holds its lock for a moment.
LOOKS, LOOK_SECONDS = 4, 0.01


class State(StrEnum):
    """How far an upload is.

    ``interrupted`` is what clients see of an upload that is neither ended nor worked on.
    """

    RECEIVING = "receiving"
    CHECKING = "checking"
    SENDING = "sending"
    INTERRUPTED = "interrupted"
    DONE = "done"
    REFUSED = "refused"


ENDED = frozenset({State.DONE, State.REFUSED})


class BusyError(Exception):
    """Exception of an upload that another request or process works on."""


@dataclass(frozen=True)
class Counts:
    """Rows of an upload; ``read`` = ``accepted`` + ``rejected`` + ``repeated``."""

    read: int = 0
    accepted: int = 0
    rejected: int = 0
    repeated: int = 0


@dataclass(frozen=True)
class FirstFault:
    """A reason why a row is rejected, with the row's line."""

    line: int
    field: str | None
    code: str
    text: str


@dataclass(frozen=True)
class Upload:
    """An upload as it is stored.

    Attributes:
        id: public id, made from the key.
        what: what the rows are.
        content_type: as sent.
        content_encoding: as sent.
        first_used_at: first use of the key, UTC: the version of rows that state none.
        state: how far the upload is.
        digest: SHA-256 of the body; None: the body is not complete.
        size: bytes of the body; None: the body is not complete.
        counts: the rows so far.
        first_faults: the first reasons of rejected rows.
        refusal: why the body was refused as a whole; None: it was not.
        command: what takes the rows in from the landing folder; None: nothing has landed.
    """

    id: str
    what: What
    content_type: str
    content_encoding: str
    first_used_at: datetime
    state: State = State.RECEIVING
    digest: str | None = None
    size: int | None = None
    counts: Counts = Counts()
    first_faults: Sequence[FirstFault] = field(default=())
    refusal: Refusal | None = None
    command: str | None = None

    @property
    def is_ended(self) -> bool:
        """Whether the upload has its final answer."""
        return self.state in ENDED


def id_of(key: str) -> str:
    """Return the id of the upload with an Idempotency-Key."""
    return hashlib.sha256(key.encode()).hexdigest()[:ID_LENGTH]


@dataclass(frozen=True)
class UploadFiles:
    """The files of an upload."""

    folder: Path

    @property
    def body(self) -> Path:
        """The body as it is sent; the name fits all media types, Parquet's too."""
        return self.folder / "body.parquet"

    @property
    def stage(self) -> Path:
        """The accepted messages, once all rows are checked."""
        return self.folder / "accepted.arrows"

    @property
    def errors(self) -> Path:
        """The rejected rows as NDJSON."""
        return self.folder / "errors.ndjson"

    @property
    def received(self) -> int:
        """Bytes of the body that were received."""
        return self.body.stat().st_size if self.body.exists() else 0

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Keep all other requests and processes from working on the upload while a block runs.

        A process that is killed lets go.

        Raises:
            BusyError: another one works on the upload.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            require_lock(lock)
            yield
        finally:
            os.close(lock)

    def is_claimed(self) -> bool:
        """Return whether a request or process works on the upload."""
        try:
            with self.claim():
                return False
        except BusyError:
            return True

    def remove_body(self) -> None:
        """Remove the body and the stage, which an ended upload does not need."""
        self.body.unlink(missing_ok=True)
        self.stage.unlink(missing_ok=True)


@dataclass(frozen=True)
class UploadStore:
    """The uploads of a state folder."""

    state: StateFolder

    def files(self, upload_id: str) -> UploadFiles:
        """Return the files of an upload."""
        return UploadFiles(self.state.path / FOLDER / upload_id)

    def begin(self, upload: Upload) -> Upload:
        """Store a new upload, unless its id is known; return the stored one."""
        with self.state.transaction(SCHEMA) as database:
            database.execute(f"INSERT OR IGNORE INTO uploads VALUES {MARKS}", row_of(upload))
            row = database.execute("SELECT * FROM uploads WHERE id = ?", (upload.id,)).fetchone()
        return upload_of(row)

    def find(self, upload_id: str) -> Upload | None:
        """Return an upload; None: no such upload is stored."""
        rows = self._read("SELECT * FROM uploads WHERE id = ?", upload_id)
        return upload_of(rows[0]) if rows else None

    def newest(self, count: int) -> list[Upload]:
        """Return the uploads whose keys were first used last, newest first."""
        ordered = "SELECT * FROM uploads ORDER BY first_used_at DESC, id LIMIT ?"
        return [upload_of(row) for row in self._read(ordered, count)]

    def update(self, upload: Upload) -> Upload:
        """Store an upload's state, and return the upload."""
        with self.state.transaction(SCHEMA) as database:
            database.execute(f"REPLACE INTO uploads VALUES {MARKS}", row_of(upload))
        return upload

    def forget(self, upload_id: str) -> None:
        """Remove an upload and its files; its key may be used again."""
        with self.state.transaction(SCHEMA) as database:
            database.execute("DELETE FROM uploads WHERE id = ?", (upload_id,))
        shutil.rmtree(self.files(upload_id).folder, ignore_errors=True)

    def forget_before(self, moment: datetime) -> None:
        """Remove the uploads whose keys were first used before a moment, UTC."""
        old = self._read("SELECT id FROM uploads WHERE first_used_at < ?", moment.isoformat())
        for row in old:
            if not self.files(row["id"]).is_claimed():
                self.forget(row["id"])

    def as_seen(self, upload: Upload) -> Upload:
        """Return an upload as clients see it: interrupted if it is not ended and not worked on."""
        if upload.is_ended or self.files(upload.id).is_claimed():
            return upload
        return replace(upload, state=State.INTERRUPTED)

    def _read(self, query: str, value: object) -> list[Row]:
        with self.state.reading() as database:
            if database is None or not has_table(database):
                return []
            return list(database.execute(query, (value,)))


def require_lock(lock: int) -> None:
    """Lock an open file; wait for others that only look whether it is locked.

    Raises:
        BusyError: another one works on the upload.
    """
    for _ in range(LOOKS):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_SECONDS)
        else:
            return
    raise BusyError


def has_table(database: Connection) -> bool:
    """Return whether a state database has the table of uploads."""
    wanted = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'uploads'"
    return database.execute(wanted).fetchone() is not None


def row_of(upload: Upload) -> tuple[str | int | None, ...]:
    """Write an upload as a row of the table."""
    return (
        upload.id,
        upload.what.value,
        f"{upload.content_type}\n{upload.content_encoding}",
        upload.first_used_at.isoformat(),
        upload.state.value,
        upload.digest,
        upload.size,
        json.dumps(asdict(upload.counts)),
        json.dumps([asdict(fault) for fault in upload.first_faults]),
        json.dumps(asdict(upload.refusal)) if upload.refusal else None,
        upload.command,
    )


def upload_of(row: Row) -> Upload:
    """Read an upload from a row of the table."""
    content_type, _, content_encoding = row["media"].partition("\n")
    return Upload(
        row["id"],
        What(row["what"]),
        content_type,
        content_encoding,
        datetime.fromisoformat(row["first_used_at"]).astimezone(UTC),
        State(row["state"]),
        row["digest"],
        row["size"],
        Counts(**json.loads(row["counts"])),
        tuple(FirstFault(**fault) for fault in json.loads(row["first_faults"])),
        Refusal(**json.loads(row["refusal"])) if row["refusal"] else None,
        row["command"],
    )
