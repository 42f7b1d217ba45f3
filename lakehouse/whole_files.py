"""Small files that are never seen half-written, whenever whoever writes them is cut off."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyarrow.fs import FileType

from lakehouse.faults import reach
from lakehouse.storage import filesystem, is_local, local_path
from lakehouse.types import TEXT

# Of a claim in an object store: the log whose first commit is kept under this name beside the file.
CLAIM, CLAIMED = "claim", "shopcast.claimed"


def read_file(uri: str, name: str) -> bytes | None:
    """Read a file below a normal URI; None where there is none."""
    files = filesystem(uri)
    if files.get_file_info(name).type == FileType.NotFound:
        return None
    with files.open_input_stream(name) as stream:
        found: bytes = stream.read()
    return found


def write_file(uri: str, name: str, content: bytes) -> None:
    """Write a file below a normal URI; a reader sees the one from before or this one, whole.

    An object store does so by itself.
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
    """Write a file below a normal URI if there is none, and return what stands there.

    Of several processes that do so at the same time one wins, and the others read what it wrote.
    """
    if (found := read_file(uri, name)) is not None:
        return found
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
    """Keep a content as the first commit of a log, or return the one that was kept before.

    A commit is the one write that every object store refuses where another came first, and that
    goes by the credentials of all the others.
    """
    try:
        DeltaTable.create(
            uri,
            schema=pa.schema([pa.field(CLAIM, TEXT)]),
            mode="error",
            configuration={CLAIMED: content.decode()},
            raise_if_key_not_exists=False,
        )
    except DeltaError:
        if not DeltaTable.is_deltatable(uri):
            raise
    kept: str = DeltaTable(uri).metadata().configuration[CLAIMED]
    return kept.encode()


@contextmanager
def aside(target: Path, content: bytes) -> Iterator[Path]:
    """Write a content beside its place, on the disk before its name is; removed afterwards."""
    written = target.with_name(f".{target.name}.{uuid.uuid4()}")
    try:
        with written.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield written
    finally:
        written.unlink(missing_ok=True)
