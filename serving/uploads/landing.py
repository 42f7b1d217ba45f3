"""Landing folder: accepted rows in files that jobs.ingest_history takes in."""

import csv
import gzip
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.files.folder import matches
from ingestion.files.inspection import is_parquet
from ingestion.files.landing import MARK, messages_name
from ingestion.files.text_bytes import is_packed
from ingestion.json_records import read_records
from ingestion.sales.records import FIELDS
from lakehouse.batches import rebatch
from lakehouse.profile.profile import Profile
from lakehouse.types import TEXT
from serving.uploads.forms import What
from serving.uploads.stage import staged_blocks
from serving.uploads.verdicts import Fault, Judge, Judged, Rejected

# Fields whose numbers have the marks of the retailer's files.
NUMBERS = ("units", "price")
# Rows of a row group: each one adds to the footer, which is held until the end.
ROWS_PER_GROUP = 20_000
COMMAND = 'python -m jobs.ingest_history --data "{folder}" --profile {profile}'
PURPOSE = b"""Rows that were uploaded to POST /update_data. Each file is an upload, complete.
jobs.ingest_history takes them in; files that it has taken in may be deleted.
"""
NOT_MAPPED, OVER_LINES, NOT_WRITABLE = "not_in_files", "over_lines", "not_in_encoding"


@dataclass(frozen=True)
class Landing:
    """Puts the rows of an upload into one file, which appears whole; as ``Destination``.

    Attributes:
        folder: the landing folder.
        what: what the rows are.
        profile: the lake's profile, which names files and columns.
    """

    folder: Path
    what: What
    profile: Profile

    def require_ready(self) -> None:
        """Do nothing: a folder is always ready."""

    def pass_on(self, stage: Path, upload_id: str) -> str:
        """Write the stage's rows to the file of the upload; return the command to run next."""
        is_sales = self.what == What.SALES
        name = sales_name(self.profile, upload_id) if is_sales else messages_name(upload_id)
        path = self.folder / name
        values = (batch["value"] for batch in staged_blocks(stage))
        mark_landing(path.parent)
        with whole_file(path) as file:
            if is_sales:
                write_sales(file, path.name, map(self._rows, values), self.profile)
            else:
                file.writelines(map(line_of, chain.from_iterable(map(pa.Array.to_pylist, values))))
        # The folder's path is not public; who runs the command on the server knows it.
        folder = f"$LANDING_FOLDER/{name}".rpartition("/")[0]
        return COMMAND.format(folder=folder, profile=self.profile.name)

    def _rows(self, values: pa.Array) -> pa.Table:
        return rows_of_files(values, self.profile)


def mark_landing(folder: Path) -> None:
    """Mark a folder as a landing folder: jobs.ingest_history expects no lists there."""
    if not (folder / MARK).exists():
        with whole_file(folder / MARK) as file:
            file.write(PURPOSE)


def line_of(message: bytes) -> bytes:
    """Write a message, JSON, as one line: a line end can only stand between its tokens."""
    return message.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n"


def sales_name(profile: Profile, upload_id: str) -> str:
    """Return the path below the landing folder of an upload's sales, which the profile reads.

    Parquet where the profile reads it; below a folder of the upload's own where the profile names
    sales files without a wildcard.
    """
    patterns = sorted(profile.sales.files, key=lambda pattern: not is_parquet(pattern))
    for pattern in patterns:
        name = pattern.replace("*", f"-upload-{upload_id}", 1).replace("*", "")
        if "*" in pattern and matches(name, [pattern]):
            return name
    return f"{upload_id}/{profile.sales.files[0]}"


def rows_of_files(values: pa.Array, profile: Profile) -> pa.Table:
    """Write records of the contract as rows under the profile's columns, all texts."""
    fields, _ = read_records(values, FIELDS)
    columns = profile.sales.columns.model_dump(exclude_none=True)
    rows = {}
    for name, column in columns.items():
        texts = fields[name]
        if name in NUMBERS and profile.files.decimal != ".":
            texts = pc.replace_substring(texts, ".", profile.files.decimal)
        rows[column] = texts
    return pa.table(rows)


def write_sales(file: BinaryIO, name: str, tables: Iterable[pa.Table], profile: Profile) -> None:
    """Write rows to an open file, in the form that the file's name says."""
    columns = list(profile.sales.columns.model_dump(exclude_none=True).values())
    if is_parquet(name):
        schema = pa.schema([(column, TEXT) for column in columns])
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            batches = (batch for rows in tables for batch in rows.to_batches())
            for rows in rebatch(batches, ROWS_PER_GROUP):
                writer.write_table(rows)
        return
    packed = gzip.GzipFile(fileobj=file, mode="wb", mtime=0) if is_packed(name) else file
    text = TextIOWrapper(packed, profile.files.encoding, newline="")
    writer = csv.writer(text, delimiter=profile.files.delimiter)
    writer.writerow(columns)
    for rows in tables:
        writer.writerows(zip(*(column.to_pylist() for column in rows.columns), strict=True))
    text.flush()
    text.detach()
    if packed is not file:
        packed.close()


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that appears under its name when the block ends, complete and on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}")
    with aside.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


@dataclass(frozen=True)
class LandableJudge:
    """Rejects also sales that a file of the profile cannot state.

    Attributes:
        judge: decides about all else.
        profile: the lake's profile.
    """

    judge: Judge
    profile: Profile

    def __call__(self, lines: pa.Array, values: pa.Array) -> Judged:
        """Judge sales."""
        judged = self.judge(lines, values)
        accepted = judged.messages["value"].combine_chunks()
        fields, _ = read_records(accepted, FIELDS)
        faults = [self._fault(row) for row in fields.to_pylist()]
        is_fine = pa.array([fault is None for fault in faults], pa.bool_())
        rejected = [
            Rejected(line, value, (fault,))
            for line, value, fault in zip(
                judged.lines.to_pylist(), accepted.to_pylist(), faults, strict=True
            )
            if fault is not None
        ]
        ordered = sorted([*judged.rejected, *rejected], key=lambda record: record.line)
        return Judged(judged.lines.filter(is_fine), judged.messages.filter(is_fine), ordered)

    def _fault(self, row: dict[str, str | None]) -> Fault | None:
        for name, text in row.items():
            if text is None:
                continue
            if name not in self._mapped and (name, text.lower()) != ("op", "upsert"):
                rule = f"files of this lake have no column for {name}; leave it out"
                return Fault(name, NOT_MAPPED, f"{name} is stated. Rule: {rule}.")
            if "\n" in text or "\r" in text:
                return Fault(name, OVER_LINES, f"{name} has a line end. Rule: one line a sale.")
            if not self._is_writable(text):
                encoding = self.profile.files.encoding
                return Fault(name, NOT_WRITABLE, f"{name} cannot be written in {encoding}.")
        return None

    def _is_writable(self, text: str) -> bool:
        try:
            text.encode(self.profile.files.encoding)
        except UnicodeEncodeError:
            return False
        return True

    @cached_property
    def _mapped(self) -> frozenset[str]:
        return frozenset(self.profile.sales.columns.model_dump(exclude_none=True))
