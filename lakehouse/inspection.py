"""One bounded-memory pass over a file before anything is written: digest, integrity, header."""

import codecs
import csv
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse.errors import SourceError

CHUNK = 1 << 20
# A header line longer than this is no header: the file is not what its name says.
LONGEST_HEADER = 1 << 20
GZIP = 31
BYTE_ORDER_MARK = "\ufeff"


def chunks(stream: Any) -> Iterator[bytes]:
    """Read a binary stream piece by piece."""
    while piece := stream.read(CHUNK):
        yield piece


def digested(pieces: Iterable[bytes], digest: Any) -> Iterator[bytes]:
    """Pass pieces on while adding them to a digest."""
    for piece in pieces:
        digest.update(piece)
        yield piece


def gunzipped(pieces: Iterable[bytes], file: str) -> Iterator[bytes]:
    """Decompress gzip, one member after the other.

    Raises:
        SourceError: the file is not gzip, is damaged, or ends before its data does.
    """
    member, is_complete = zlib.decompressobj(GZIP), True
    for piece in pieces:
        rest = piece
        while rest:
            try:
                yield member.decompress(rest)
            except zlib.error as error:
                raise SourceError(f"{file}: damaged gzip ({error}); get the file again.") from None
            is_complete, rest = member.eof, member.unused_data
            member = zlib.decompressobj(GZIP) if member.eof else member
    if not is_complete:
        raise SourceError(f"{file}: truncated gzip, its end is missing; get the file again.")


def first_line(pieces: Iterable[bytes], encoding: str, file: str) -> str:
    """Decode a whole text file, keeping only its first line that is not blank.

    Returns:
        The line without its end; empty when the file holds no text.

    Raises:
        SourceError: bytes that the encoding does not know, with their position.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    head, position, line = "", 0, ""
    for piece in pieces_and_end(pieces):
        text = decode(decoder, piece, position, encoding, file)
        position += len(piece)
        if not line and len(head) < LONGEST_HEADER:
            head = (head + text).lstrip(BYTE_ORDER_MARK + "\r\n")
            line = complete_line(head)
    return line or head.rstrip("\r\n")


def pieces_and_end(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pass pieces on and end with an empty one, which flushes a decoder."""
    yield from pieces
    yield b""


def complete_line(text: str) -> str:
    """Return a text's first line where the text goes on after it, else nothing."""
    line, end, _ = text.partition("\n")
    return line.rstrip("\r") if end else ""


def decode(decoder: Any, piece: bytes, position: int, encoding: str, file: str) -> str:
    """Decode one piece of a file.

    Args:
        decoder: an incremental decoder.
        piece: empty at the end of the file.
        position: where the piece begins, bytes of (decompressed) text.
        encoding: name of the encoding, for the message.
        file: name of the file, for the message.

    Raises:
        SourceError: bytes that the encoding does not know.
    """
    pending = len(decoder.getstate()[0])
    try:
        text: str = decoder.decode(piece, final=not piece)
    except UnicodeDecodeError as error:
        at = position - pending + error.start
        raise SourceError(
            f"{file}: byte {at} is not {encoding} ({error.reason}); "
            "set files.encoding in the profile or convert the file."
        ) from None
    return text


def text_header(stream: Any, file: str, encoding: str, delimiter: str) -> tuple[str, list[str]]:
    """Digest a delimited text file and read its header.

    Returns:
        The SHA-256 digest of the file's bytes, and the names of its columns.

    Raises:
        SourceError: damaged or truncated gzip, undecodable bytes, or no text at all.
    """
    digest = hashlib.sha256()
    pieces = digested(chunks(stream), digest)
    plain = gunzipped(pieces, file) if file.endswith(".gz") else pieces
    line = first_line(plain, encoding, file)
    if not line:
        raise SourceError(f"{file}: empty; a file has a header line at least.")
    return digest.hexdigest(), next(csv.reader([line], delimiter=delimiter))


def parquet_header(stream: Any, file: str) -> tuple[str, list[str]]:
    """Digest a Parquet file and read its column names.

    Raises:
        SourceError: the file is empty or not Parquet.
    """
    digest = hashlib.sha256()
    size = sum(len(piece) for piece in digested(chunks(stream), digest))
    if not size:
        raise SourceError(f"{file}: empty; get the file again.")
    stream.seek(0)
    try:
        names: list[str] = pq.read_schema(stream).names
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"{file}: not a Parquet file ({error}); get the file again.") from None
    return digest.hexdigest(), names
