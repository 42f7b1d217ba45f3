"""File systems by URI: a local folder or an object store, the same code for both."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileSystem, LocalFileSystem, PyFileSystem, SubTreeFileSystem

from lakehouse.errors import UsageError

LOCAL = "file://"
SCHEMES = ("file", "s3a", "s3", "abfss", "gs")
# delta-rs decodes a URI, pyarrow does not, and Spark takes a pattern for what it matches: where a
# folder's name has one of these, they do not mean the same folder. delta-rs refuses some of them,
# encoded or not, and so do control characters and names that are not UTF-8.
AMBIGUOUS = re.compile(r"[%#?*\[\]{}^|\\\x00-\x1f\x7f\ud800-\udfff]")


def normal_uri(location: str) -> str:
    """Write a folder or URI in one form, without a slash at its end.

    The path of a local folder is not percent-encoded in it: Hadoop takes it as it is written.

    Raises:
        UsageError: the scheme is not one of those that Spark and delta-rs share.
    """
    scheme, separator, rest = location.partition("://")
    if location.startswith("file:/"):
        path = location.removeprefix("file:").removeprefix("//localhost").removeprefix("//")
        return LOCAL + str(Path(unquote(path)).resolve())
    if not separator:
        return LOCAL + str(Path(location).expanduser().resolve())
    if scheme not in SCHEMES:
        raise UsageError(f"{location}: unknown scheme '{scheme}'; use one of {', '.join(SCHEMES)}.")
    return f"{scheme}://{rest.rstrip('/')}"


def table_root(location: str) -> str:
    """Write the folder or URI of a lake in its normal form.

    Raises:
        UsageError: the scheme is unknown, or a character of the path means different folders to
            the readers of tables.
    """
    uri = normal_uri(location)
    if found := AMBIGUOUS.search(uri):
        raise UsageError(
            f"{location}: the path has the character {found[0]!r}, which the readers of tables "
            "take for different things; name a folder without it."
        )
    return uri


def is_local(uri: str) -> bool:
    """Say whether a normal URI is a folder of this machine."""
    return uri.startswith(LOCAL)


def is_s3(uri: str) -> bool:
    """Say whether a normal URI is in S3, or in a store that speaks as S3 does."""
    return uri.startswith(("s3://", "s3a://"))


def local_path(uri: str) -> Path:
    """Return the path of a local folder's normal URI."""
    return Path(uri.removeprefix(LOCAL))


def filesystem(uri: str) -> FileSystem:
    """Open the file system rooted at a normal URI, making a local folder where it is missing.

    Object stores are reached as delta-rs does, with the provider's standard environment variables.
    """
    if is_local(uri):
        local_path(uri).mkdir(parents=True, exist_ok=True)
        return SubTreeFileSystem(str(local_path(uri)), LocalFileSystem())
    return PyFileSystem(ObjectStore(uri))


class BytesSink:
    """A file of an object store that takes Arrow's buffers; delta-rs' own takes bytes alone."""

    def __init__(self, sink: Any) -> None:
        self._sink = sink

    def write(self, data: Any) -> int:
        """Write a buffer."""
        return int(self._sink.write(bytes(data)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sink, name)


class ObjectStore(DeltaStorageHandler):  # type: ignore[misc]
    """An object store as a file system of Arrow."""

    def open_output_stream(
        self, path: str, metadata: dict[str, str] | None = None
    ) -> pa.PythonFile:
        """Open a file for writing."""
        return pa.PythonFile(BytesSink(self._handler.open_output_stream(path, metadata)), "w")
