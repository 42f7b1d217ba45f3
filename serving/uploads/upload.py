"""An upload: what was asked, how far it is, and the verdicts on its rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from serving.uploads.forms import What
from serving.uploads.limits import Refusal


class UploadStatus(StrEnum):
    """How far an upload is.

    ``interrupted`` is what clients see of an upload that is neither ended nor worked on.
    """

    RECEIVING = "receiving"
    CHECKING = "checking"
    SENDING = "sending"
    INTERRUPTED = "interrupted"
    DONE = "done"
    REFUSED = "refused"


ENDED = frozenset({UploadStatus.DONE, UploadStatus.REFUSED})


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
    state: UploadStatus = UploadStatus.RECEIVING
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
