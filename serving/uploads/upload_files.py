"""Files of an upload, and the lock that one worker at a time holds."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from serving.file_lock import BusyError, require_lock


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
