"""Stored uploads: the table ``uploads`` of the state database, and a folder of files for each."""

import json
import shutil
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from sqlite3 import Row

from serving.state import StateFolder
from serving.uploads.forms import What
from serving.uploads.limits import Refusal
from serving.uploads.upload import Counts, FirstFault, Upload, UploadStatus
from serving.uploads.upload_files import UploadFiles

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
FOLDER = "uploads"


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
        return replace(upload, state=UploadStatus.INTERRUPTED)

    def _read(self, query: str, value: object) -> list[Row]:
        return self.state.read_rows("uploads", query, value)


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
        UploadStatus(row["state"]),
        row["digest"],
        row["size"],
        Counts(**json.loads(row["counts"])),
        tuple(FirstFault(**fault) for fault in json.loads(row["first_faults"])),
        Refusal(**json.loads(row["refusal"])) if row["refusal"] else None,
        row["command"],
    )
