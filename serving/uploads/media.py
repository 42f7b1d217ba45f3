"""Media types of bodies, and the plain bytes of a body that may be compressed."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from serving.uploads.limits import MIB, Limits, too_large, unreadable


class Media(StrEnum):
    """Media types that a body may have."""

    JSON = "application/json"
    NDJSON = "application/x-ndjson"
    CSV = "text/csv"
    PARQUET = "application/vnd.apache.parquet"


class Encoding(StrEnum):
    """Content codings that a body may have."""

    IDENTITY = "identity"
    GZIP = "gzip"
    ZSTD = "zstd"


# Python would take other names too, such as "zip", for codecs that are no text encodings.
CHARSETS = ("utf-8", "us-ascii", "iso-8859-1", "windows-1252", "utf-16")
PIECE = MIB // 8
ALIASES = {"application/ndjson": Media.NDJSON, "application/jsonl": Media.NDJSON}


def read_media(content_type: str) -> Media | None:
    """Return the media type that a Content-Type names, parameters apart; None: not accepted."""
    name = content_type.partition(";")[0].strip().lower()
    return ALIASES.get(name) or (Media(name) if name in set(Media) else None)


def read_encoding(content_encoding: str) -> Encoding | None:
    """Return the content coding that a Content-Encoding names; None: not accepted."""
    name = content_encoding.strip().lower().removeprefix("x-") or Encoding.IDENTITY
    return Encoding(name) if name in set(Encoding) else None


def read_charset(content_type: str) -> str | None:
    """Return the text encoding that a Content-Type states, in small letters; None: not stated."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower() or None
    return None


def plain_pieces(body: Path, encoding: Encoding, limits: Limits) -> Iterator[bytes]:
    """Read a body in decompressed pieces of a mebibyte at most.

    Raises:
        RefusedBodyError: the compression is damaged or cut off, or more bytes come out than the
            limits allow.
    """
    with body.open("rb") as stream:
        source = stream if encoding == Encoding.IDENTITY else unpacked(stream, encoding)
        size = 0
        while piece := read_piece(source, encoding):
            size += len(piece)
            require_no_bomb(size, stream.tell(), limits)
            yield piece


def unpacked(stream: BinaryIO, encoding: Encoding) -> pa.NativeFile:
    """Open the decompressed bytes of a stream, which may have several members or frames."""
    return pa.CompressedInputStream(pa.PythonFile(stream, "r"), encoding.value)


def read_piece(source: BinaryIO | pa.NativeFile, encoding: Encoding) -> bytes:
    """Read the next plain bytes; empty at the end.

    Raises:
        RefusedBodyError: the compression is damaged or cut off.
    """
    try:
        return bytes(source.read(PIECE))
    except (OSError, pa.ArrowException) as error:
        raise unreadable(
            f"The body is no whole {encoding.value}: {error}. Compress the data again, or send it "
            "without Content-Encoding."
        ) from None


def require_no_bomb(plain: int, packed: int, limits: Limits) -> None:
    """Check the decompressed size of a body so far.

    Raises:
        RefusedBodyError: more bytes came out, in all or for each byte sent, than is allowed.
    """
    if plain > limits.plain_bytes:
        raise too_large(
            f"The body has more than {limits.plain_bytes} bytes once it is decompressed; "
            "send it in parts, each under its own Idempotency-Key."
        )
    if plain > limits.unsuspected and plain > limits.ratio * max(packed, 1):
        raise too_large(
            f"The body grows more than {limits.ratio}-fold when it is decompressed; "
            "send it with less compression."
        )
