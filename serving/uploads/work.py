"""Work on a received upload: every row is checked, then the accepted rows are passed on.

    python -m serving.uploads.work < task.json

The command works on one upload in a process apart, so that lookups stay quick. Exit code 75: the
rows cannot be passed on now; the last line of the standard output says why.
"""

import json
import logging
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from http import HTTPStatus
from itertools import islice
from pathlib import Path

import pyarrow.compute as pc

from lakehouse.errors import LakeError
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.profile.stored import stored_profile
from serving.file_lock import BusyError
from serving.state import StateFolder
from serving.uploads.destination import Destination, UnavailableError, choose_destination
from serving.uploads.forms import What
from serving.uploads.landing import LandableJudge, Landing
from serving.uploads.limits import Limits, Refusal, RefusedBodyError, too_large
from serving.uploads.media import read_charset, read_encoding, read_media
from serving.uploads.records import Body, Reader, Records
from serving.uploads.repeats import Repeats
from serving.uploads.sales_verdicts import SalesJudge
from serving.uploads.stage import Stage
from serving.uploads.store import UploadStore
from serving.uploads.upload import Counts, FirstFault, Upload, UploadStatus
from serving.uploads.upload_files import UploadFiles
from serving.uploads.verdicts import Judge, Rejected, iso
from streaming.kafka.settings import kafka_settings

logger = logging.getLogger("shopcast")
MOST_FIRST_FAULTS = 100
PROGRESS_SECONDS = 1.0
# A damaged Parquet page may ask for any memory.
MOST_MEMORY = 1 << 30
TEMPORARY_FAILURE = 75
NONE_ACCEPTED = "No row is accepted: {rejected} of {read} rows are rejected; mend and send them."


@dataclass(frozen=True)
class Task:
    """An upload to work on.

    Attributes:
        upload_id: the upload.
        state_folder: folder of the API's state.
        landing_folder: folder for files where Kafka is not configured.
        lake_root: URI of the lake, whose profile says what rows mean.
        limits: what the upload may cost.
    """

    upload_id: str
    state_folder: str
    landing_folder: str
    lake_root: str
    limits: Limits

    def to_json(self) -> str:
        """Write the task for another process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Task":
        """Read a task that another process wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "limits": Limits(**fields["limits"])})


def work(task: Task) -> None:
    """Work on an upload until it is done or refused; the store then has the outcome.

    Raises:
        BusyError: another process works on the upload.
        UnavailableError: the rows cannot be passed on now.
    """
    store = UploadStore(StateFolder(Path(task.state_folder)))
    files = store.files(task.upload_id)
    with files.claim():
        upload = store.find(task.upload_id)
        if upload is None or upload.is_ended:
            return
        profile = read_profile(task)
        landing = Path(task.landing_folder)
        destination = choose_destination(kafka_settings({}), landing, upload.what, profile)
        destination.require_ready()
        Worker(store, files, task.limits, profile, destination).run(upload)


def read_profile(task: Task) -> Profile:
    """Read the profile of a task's lake.

    Raises:
        UnavailableError: there is no lake yet, or it cannot be read.
    """
    try:
        return stored_profile(Lake.at(task.lake_root))
    except LakeError as error:
        logger.warning("upload %s: %s", task.upload_id, error)
        raise UnavailableError("The lake cannot be read, or has no data yet.") from None


@dataclass(frozen=True)
class Worker:
    """Checks an upload and passes it on."""

    store: UploadStore
    files: UploadFiles
    limits: Limits
    profile: Profile
    destination: Destination

    def run(self, upload: Upload) -> None:
        """Work on an upload, and store the outcome.

        Raises:
            UnavailableError: the rows cannot be passed on now.
        """
        try:
            checked = self._check(upload)
        except RefusedBodyError as error:
            self._refuse(upload, error.refusal)
            return
        except MemoryError:
            refusal = too_large("The body needs too much memory; send it in parts.").refusal
            self._refuse(upload, refusal)
            return
        if not checked.counts.accepted:
            detail = NONE_ACCEPTED.format(**asdict(checked.counts))
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            self._refuse(checked, Refusal(detail, status, "No row is accepted"))
            return
        sending = self.store.update(replace(checked, state=UploadStatus.SENDING))
        reach("upload checked")
        command = self.destination.pass_on(self.files.stage, upload.id)
        reach("upload passed on")
        self.store.update(replace(sending, state=UploadStatus.DONE, command=command))
        self.files.remove_body()

    def _refuse(self, upload: Upload, refusal: Refusal) -> None:
        self.store.update(replace(upload, state=UploadStatus.REFUSED, refusal=refusal))
        self.files.remove_body()

    def _check(self, upload: Upload) -> Upload:
        """Check every row; stage the accepted rows and write the rejected ones."""
        judge, repeats = self._judge(upload), Repeats()
        upload = self.store.update(replace(upload, state=UploadStatus.CHECKING, counts=Counts()))
        shown_at = time.monotonic()
        with Stage(self.files.stage) as stage, self.files.errors.open("wb") as errors:
            for records in self._records(upload):
                judged = judge(records.lines, records.values)
                is_new = pc.invert(repeats.is_repeated(judged.messages["value"]))
                messages = judged.messages.filter(is_new)
                stage.add(messages)
                errors.writelines(rejected.to_json() for rejected in judged.rejected)
                upload = counted(upload, len(records.lines), len(messages), judged.rejected)
                reach("upload block checked")
                if time.monotonic() - shown_at > PROGRESS_SECONDS:
                    self.store.update(upload)
                    shown_at = time.monotonic()
        return upload

    def _judge(self, upload: Upload) -> Judge:
        if upload.what != What.SALES:
            # The modules that it needs take 26 MiB; large uploads are sales.
            from serving.uploads.catalogue_verdicts import CatalogueJudge

            return CatalogueJudge(upload.what, upload.first_used_at)
        lands = isinstance(self.destination, Landing)
        judge = SalesJudge(self.profile, upload.first_used_at, is_versioned=self._states_versions)
        return LandableJudge(judge, self.profile) if lands else judge

    @property
    def _states_versions(self) -> bool:
        """Whether rows can state when they were made: always to Kafka, in files as mapped."""
        is_mapped = self.profile.sales.columns.updated_at is not None
        return is_mapped or not isinstance(self.destination, Landing)

    def _records(self, upload: Upload) -> Iterator[Records]:
        media = read_media(upload.content_type)
        encoding = read_encoding(upload.content_encoding)
        assert media is not None
        assert encoding is not None
        body = Body(self.files.body, media, encoding, read_charset(upload.content_type))
        version = iso(upload.first_used_at) if self._states_versions else None
        yield from Reader(upload.what, self.profile, self.limits, version).read(body)


def counted(upload: Upload, read: int, accepted: int, rejected: Sequence[Rejected]) -> Upload:
    """Add a block's rows to the counts and first faults of an upload."""
    counts = upload.counts
    repeated = read - accepted - len(rejected)
    room = MOST_FIRST_FAULTS - len(upload.first_faults)
    faults = (FirstFault(r.line, **asdict(fault)) for r in rejected for fault in r.faults)
    return replace(
        upload,
        counts=Counts(
            counts.read + read,
            counts.accepted + accepted,
            counts.rejected + len(rejected),
            counts.repeated + repeated,
        ),
        first_faults=(*upload.first_faults, *islice(faults, room)),
    )


def main() -> int:
    """Work on the task of the standard input; return the exit code."""
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    try:
        # If another process works on the upload already, the store shows its outcome.
        with suppress(BusyError):
            work(Task.from_json(sys.stdin.read()))
    except UnavailableError as error:
        sys.stdout.write(f"{error}\n")
        return TEMPORARY_FAILURE
    return 0


if __name__ == "__main__":
    sys.exit(main())
