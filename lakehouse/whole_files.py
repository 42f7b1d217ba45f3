"""Atomic writes of small files: a reader never sees a half-written file, even after a crash."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import DeltaError
from pyarrow.fs import FileType

from lakehouse.faults import reach
from lakehouse.storage import filesystem, is_local, local_path, storage_options
from lakehouse.types import TEXT

# Object stores keep a claim as a Delta log beside the file, ``<file>.claim``; the claimed content
# is the table property ``shopcast.claimed`` of the first commit.
CLAIM, CLAIMED = "claim", "shopcast.claimed"


def read_file(uri: str, name: str) -> bytes | None:
    """Read a file below a normal URI; None: the file does not exist."""
    files = filesystem(uri)
    if files.get_file_info(name).type == FileType.NotFound:
        return None
    with files.open_input_stream(name) as stream:
        content: bytes = stream.read()
    return content


def write_file(uri: str, name: str, content: bytes) -> None:
    """Write a file below a normal URI atomically: readers see the old or the new content, whole.

    Object stores write atomically by themselves.
    """
    reach(f"before {name}")
    if is_local(uri):
        filesystem(uri)
        with aside(local_path(uri) / name, content) as written:
            written.replace(local_path(uri) / name)
    else:
        with filesystem(uri).open_output_stream(name) as stream:
            stream.write(content)
    reach(f"after {name}")


def claim_file(uri: str, name: str, content: bytes) -> bytes:
    """Write a file below a normal URI unless it exists, and return the file's content.

    If several processes claim a file at the same time, one wins and all return the winner's
    content.
    """
    if (stored := read_file(uri, name)) is not None:
        return stored
    if not is_local(uri):
        standing = claimed(f"{uri}/{name}.{CLAIM}", content)
        write_file(uri, name, standing)
        return standing
    reach(f"before {name}")
    with aside(local_path(uri) / name, content) as written:
        try:
            os.link(written, local_path(uri) / name)
        except FileExistsError:
            return (local_path(uri) / name).read_bytes()
    reach(f"after {name}")
    return content


def claimed(uri: str, content: bytes) -> bytes:
    """Store a content as the first commit of a Delta log, or return the content stored earlier.

    A Delta commit is the only write that every object store refuses if another process came first
    and that uses the same credentials as the tables.
    """
    options = storage_options(uri)
    try:
        DeltaTable.create(
            uri,
            schema=pa.schema([pa.field(CLAIM, TEXT)]),
            mode="error",
            configuration={CLAIMED: content.decode()},
            storage_options=options,
            raise_if_key_not_exists=False,
            # Tried again it would be kept over the one that came first.
            commit_properties=CommitProperties(max_commit_retries=0),
        )
    except DeltaError:
        if not DeltaTable.is_deltatable(uri, options):
            raise
    kept: str = (
        DeltaTable(uri, version=0, storage_options=options).metadata().configuration[CLAIMED]
    )
    return kept.encode()


@contextmanager
def aside(target: Path, content: bytes) -> Iterator[Path]:
    """Write a content to a temporary file beside its target, synced to disk; removed at the end."""
    written = target.with_name(f".{target.name}.{uuid.uuid4()}")
    try:
        with written.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield written
    finally:
        written.unlink(missing_ok=True)
