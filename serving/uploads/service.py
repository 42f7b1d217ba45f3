"""The service of uploads: a body received, its upload worked on, and the answer."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path

from starlette.requests import ClientDisconnect

from serving.file_lock import BusyError
from serving.idempotency import OTHER_USE, id_of_key
from serving.problems import ProblemError
from serving.uploads.destination import UnavailableError
from serving.uploads.forms import What
from serving.uploads.lanes import Lanes, is_small
from serving.uploads.limits import Limits
from serving.uploads.media import read_encoding, read_media
from serving.uploads.protocol import CLOSE, BodyForm, Part, problem, too_large_body
from serving.uploads.receive import TooLargeError, TooSlowError, receive_body
from serving.uploads.schemas import UploadAnswer, UploadProblem, location
from serving.uploads.store import UploadStore
from serving.uploads.upload import Counts, Upload, UploadStatus
from serving.uploads.upload_files import UploadFiles
from serving.uploads.work import Task

RETRY_SECONDS = 5
RUNNING = "tag:shopcast,2026:upload-running"
UNAVAILABLE = "tag:shopcast,2026:upload-unavailable"
REFUSED = "tag:shopcast,2026:upload-refused"
OFFSET = "https://iana.org/assignments/http-problem-types#mismatching-upload-offset"
CHUNK = 1 << 20


@dataclass(frozen=True)
class Uploads:
    """Receives and works on uploads.

    Attributes:
        store: the stored uploads.
        limits: what an upload may cost.
        landing_folder: folder for accepted rows where Kafka is not configured.
        lake_root: URI of the lake.
        clock: returns the current time, UTC.
        lanes: where the work is done.
        count: called with the counts of rows of each upload, once the upload is worked on.
    """

    store: UploadStore
    limits: Limits
    landing_folder: Path
    lake_root: str
    clock: Callable[[], datetime]
    lanes: Lanes = field(default_factory=Lanes)
    count: Callable[[Counts], None] = lambda _: None

    def begin(self, key: str, what: What, form: BodyForm) -> Upload:
        """Store the upload of a key, or return the one that the key names already.

        Raises:
            ProblemError: the key was used for rows or a form that differ (status 422).
        """
        now = self.clock()
        self.store.forget_before(now - timedelta(days=self.limits.kept_days))
        asked = Upload(id_of_key(key), what, form.content_type, form.content_encoding, now)
        upload = self.store.begin(asked)
        for name in ("what", "content_type", "content_encoding"):
            if getattr(upload, name) != getattr(asked, name):
                raise other_body(upload, f"{name} {getattr(upload, name)!r}")
        return upload

    async def take(self, upload_id: str, part: Part, chunks: AsyncIterator[bytes]) -> Upload:
        """Receive a part of a body; once the body is complete, work on the upload.

        Returns:
            The upload: done, or receiving if the part is not the last.

        Raises:
            ProblemError: the upload was refused, is busy, or cannot be passed on now.
        """
        upload = await self._receive(upload_id, part, chunks)
        if upload.state == UploadStatus.RECEIVING:
            return upload
        if not upload.is_ended:
            upload = await self._work(upload)
        if upload.refusal is not None:
            raise refused(upload)
        return upload

    async def _receive(self, upload_id: str, part: Part, chunks: AsyncIterator[bytes]) -> Upload:
        files = self.store.files(upload_id)
        try:
            with files.claim():
                upload = await asyncio.to_thread(self.find, upload_id)
                if upload.digest is not None:
                    await self._require_same_body(upload, files, part, chunks)
                    return upload
                return await self._receive_part(upload, files, part, chunks)
        except BusyError:
            raise running(self.find(upload_id)) from None
        except TooSlowError:
            raise too_slow(upload, files) from None
        except ClientDisconnect:
            raise cut_off(upload) from None

    async def _receive_part(
        self, upload: Upload, files: UploadFiles, part: Part, chunks: AsyncIterator[bytes]
    ) -> Upload:
        if part.offset is not None and part.offset != files.received:
            raise mismatching(upload, files)
        try:
            await receive_body(chunks, files.body, part.offset or 0, self.limits)
        except TooLargeError:
            await asyncio.to_thread(self.store.forget, upload.id)
            raise too_large_body(self.limits) from None
        if not part.is_last:
            return upload
        digest = await asyncio.to_thread(digest_of, files.body)
        size = files.received
        complete = replace(upload, digest=digest, size=size, state=UploadStatus.CHECKING)
        return await asyncio.to_thread(self.store.update, complete)

    async def _require_same_body(
        self, upload: Upload, files: UploadFiles, part: Part, chunks: AsyncIterator[bytes]
    ) -> None:
        """Receive the body of a repeated request, only to compare it.

        Raises:
            ProblemError: the body differs (status 422).
        """
        again = files.folder / "again"
        try:
            if part.offset is not None and part.offset == upload.size:
                await receive_body(chunks, again, 0, Limits(body_bytes=0))
                return
            await receive_body(chunks, again, 0, self.limits)
            if await asyncio.to_thread(digest_of, again) != upload.digest:
                raise other_body(upload, "another body")
        except TooLargeError:
            raise other_body(upload, "another body") from None
        finally:
            again.unlink(missing_ok=True)

    async def _work(self, upload: Upload) -> Upload:
        media, encoding = read_media(upload.content_type), read_encoding(upload.content_encoding)
        assert media is not None
        assert encoding is not None
        small = is_small(upload.size or 0, media, encoding)
        try:
            await self.lanes.run(self._task(upload), is_small=small)
        except BusyError:
            raise running(upload) from None
        except UnavailableError as error:
            raise unavailable(upload, str(error)) from None
        worked = await asyncio.to_thread(self.find, upload.id)
        if not worked.is_ended:
            raise running(worked)
        self.count(worked.counts)
        return worked

    def find(self, upload_id: str) -> Upload:
        """Return an upload.

        Raises:
            ProblemError: no such upload is stored (status 404).
        """
        upload = self.store.find(upload_id)
        if upload is None:
            detail = f"No upload has the id {upload_id!r}, or it is no longer kept."
            raise problem(HTTPStatus.NOT_FOUND, "No such upload", detail)
        return upload

    def _task(self, upload: Upload) -> Task:
        folders = (str(self.store.state.path), str(self.landing_folder))
        return Task(upload.id, *folders, self.lake_root, self.limits)


def digest_of(path: Path) -> str:
    """Return the SHA-256 digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def links(upload: Upload) -> dict[str, str]:
    """Return the headers that name an upload."""
    return {"Location": location(upload), "Link": f'<{location(upload)}>; rel="status"'}


def upload_problem(
    upload: Upload, kind: str, status: int, texts: tuple[str, str], headers: Mapping[str, str]
) -> ProblemError:
    """Build an error about an upload; ``texts`` are title and detail."""
    title, detail = texts
    answer = UploadAnswer.of(upload)
    document = UploadProblem(type=kind, title=title, status=status, detail=detail, upload=answer)
    return ProblemError(document, {**links(upload), **headers})


def refused(upload: Upload) -> ProblemError:
    """Build the error of an upload that was refused as a whole."""
    assert upload.refusal is not None
    texts = (upload.refusal.title, upload.refusal.detail)
    return upload_problem(upload, REFUSED, upload.refusal.status, texts, {})


def running(upload: Upload) -> ProblemError:
    """Build the error of a request whose upload is worked on already, status 409."""
    texts = ("The upload is running", "An earlier request with this key is worked on; ask later.")
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return upload_problem(upload, RUNNING, HTTPStatus.CONFLICT, texts, headers)


def other_body(upload: Upload, difference: str) -> ProblemError:
    """Build the error of a key that was used for something else, status 422."""
    detail = f"The Idempotency-Key was used before, with {difference}; use a new key."
    texts = ("The key was used before", detail)
    return upload_problem(upload, OTHER_USE, HTTPStatus.UNPROCESSABLE_ENTITY, texts, CLOSE)


def unavailable(upload: Upload, reason: str) -> ProblemError:
    """Build the error of an upload that cannot be passed on now, status 503."""
    texts = ("Not now", f"{reason} Nothing is lost: send the same request again.")
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return upload_problem(upload, UNAVAILABLE, HTTPStatus.SERVICE_UNAVAILABLE, texts, headers)


def mismatching(upload: Upload, files: UploadFiles) -> ProblemError:
    """Build the error of a part that does not begin where the body received so far ends."""
    detail = f"The server has {files.received} bytes; go on from there."
    headers = {"Upload-Offset": str(files.received), "Upload-Complete": "?0"}
    texts = ("The offset is another one", detail)
    return upload_problem(upload, OFFSET, HTTPStatus.CONFLICT, texts, headers)


def too_slow(upload: Upload, files: UploadFiles) -> ProblemError:
    """Build the error of a body that came too slowly, status 408."""
    detail = f"The body came too slowly; the server has {files.received} bytes: go on from there."
    headers = {"Upload-Offset": str(files.received), "Upload-Complete": "?0", **CLOSE}
    texts = ("The body came too slowly", detail)
    return upload_problem(upload, "about:blank", HTTPStatus.REQUEST_TIMEOUT, texts, headers)


def cut_off(upload: Upload) -> ProblemError:
    """Build the error of a cut connection, which reaches only the log."""
    texts = ("The connection was cut", "The body is not complete.")
    return upload_problem(upload, "about:blank", HTTPStatus.BAD_REQUEST, texts, CLOSE)
