"""Files of an upload, and the lock that one worker at a time holds."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from serving.file_lock import hold_lock, is_locked


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

    def claim(self) -> AbstractContextManager[int]:
        """Keep all other requests and processes from working on the upload while a block runs.

        A process that is killed lets go.

        Raises:
            BusyError: another one works on the upload.
        """
        return hold_lock(self.folder)

    def is_claimed(self) -> bool:
        """Return whether a request or process works on the upload."""
        return is_locked(self.folder)

    def remove_body(self) -> None:
        """Remove the body and the stage, which an ended upload does not need."""
        self.body.unlink(missing_ok=True)
        self.stage.unlink(missing_ok=True)
