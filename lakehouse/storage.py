"""File systems by URI: one interface to local folders and object stores."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileSystem, LocalFileSystem, PyFileSystem, SubTreeFileSystem

from lakehouse.errors import UsageError
from lakehouse.identity.wallet import options_by_token_file

LOCAL = "file://"
SCHEMES = ("file", "s3a", "s3", "abfss", "gs")
# Characters that make readers open different folders: delta-rs percent-decodes a URI, pyarrow does
# not, and Spark reads glob patterns. Some of these characters, control characters and names that
# are not UTF-8 fail in delta-rs, encoded or not.
AMBIGUOUS = re.compile(r"[%#?*\[\]{}^|\\\x00-\x1f\x7f\ud800-\udfff]")


def normal_uri(location: str) -> str:
    """Convert a folder or URI into a normal URI: absolute, with a scheme, no slash at the end.

    The path of a local folder is not percent-encoded, because Hadoop does not decode paths.

    Raises:
        UsageError: the scheme is not in ``SCHEMES``, which Spark and delta-rs both read.
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
    """Convert the folder or URI of a lake into a normal URI, and check its characters.

    Raises:
        UsageError: the scheme is unknown, or the path has a character by which Spark, delta-rs
            and pyarrow would open different folders; name a folder without the character.
    """
    uri = normal_uri(location)
    if character := AMBIGUOUS.search(uri):
        raise UsageError(
            f"{location}: the path has the character {character[0]!r}, which the readers of tables "
            "take for different things; name a folder without it."
        )
    return uri


def is_local(uri: str) -> bool:
    """Return whether a normal URI names a folder of this machine."""
    return uri.startswith(LOCAL)


def is_s3(uri: str) -> bool:
    """Return whether a normal URI is in S3 or an S3-compatible store."""
    return uri.startswith(("s3://", "s3a://"))


def local_path(uri: str) -> Path:
    """Return the path that the normal URI of a local folder names."""
    return Path(uri.removeprefix(LOCAL))


def filesystem(uri: str) -> FileSystem:
    """Open the file system rooted at a normal URI, creating a missing local folder.

    Object stores are opened by delta-rs, with the provider's standard environment variables.

    Raises:
        OSError: an identity by token file was refused.
    """
    if is_local(uri):
        local_path(uri).mkdir(parents=True, exist_ok=True)
        return SubTreeFileSystem(str(local_path(uri)), LocalFileSystem())
    return PyFileSystem(ObjectStore(uri, storage_options(uri)))


def storage_options(uri: str) -> dict[str, str] | None:
    """Return what delta-rs must be given to open a URI; None: the environment says all.

    Raises:
        OSError: an identity by token file was refused.
    """
    return options_by_token_file(uri.partition("://")[0])


class BytesSink:
    """A writable object store file that takes Arrow buffers; delta-rs' file takes only bytes."""

    def __init__(self, sink: Any) -> None:
        self._sink = sink

    def write(self, data: pa.Buffer) -> int:
        """Write a buffer and return the number of bytes written."""
        return int(self._sink.write(bytes(data)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sink, name)


class ObjectStore(DeltaStorageHandler):  # type: ignore[misc]
    """An object store as an Arrow file system."""

    def open_output_stream(
        self, path: str, metadata: dict[str, str] | None = None
    ) -> pa.PythonFile:
        """Open a file for writing."""
        return pa.PythonFile(BytesSink(self._handler.open_output_stream(path, metadata)), "w")
