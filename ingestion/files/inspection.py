"""Inspection of a file: one pass in bounded memory for digest, integrity, columns and rows."""

import codecs
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.files.parquet_types import is_value
from ingestion.files.piece import Piece
from ingestion.files.source_file import file_stamp, open_source, require_unchanged
from ingestion.files.text_bytes import (
    BYTE_ORDER_MARK,
    decode,
    gunzipped,
    is_packed,
    pieces_and_end,
)
from ingestion.files.text_lines import Header, LineCount
from lakehouse.errors import SourceError
from lakehouse.profile.profile import Files

PARQUET = ".parquet"
CHUNK = 1 << 20
# Rows of a Parquet file to decode at a time.
ROWS_AT_ONCE = 100_000


@dataclass(frozen=True)
class Contents:
    """The result of inspecting a file.

    Attributes:
        digest: SHA-256 digest of the file's bytes.
        columns: names of the file's columns, in order.
        pieces: the parts of the file that tasks read.
        types: types of a Parquet file's columns, by name; empty for a text file.
    """

    digest: str
    columns: tuple[str, ...]
    pieces: tuple[Piece, ...]
    types: Mapping[str, pa.DataType] = field(default_factory=dict)


def chunks(stream: BinaryIO, size: int | None = None) -> Iterator[bytes]:
    """Read a binary stream in pieces of ``CHUNK`` bytes, at most ``size`` bytes if given."""
    left = size
    while piece := stream.read(CHUNK if left is None else min(CHUNK, left)):
        left = None if left is None else left - len(piece)
        yield piece


def digested(pieces: Iterable[bytes], digest: "hashlib._Hash") -> Iterator[bytes]:
    """Yield pieces unchanged while adding their bytes to a digest."""
    for piece in pieces:
        digest.update(piece)
        yield piece


def inspect_text(stream: BinaryIO, file: str, files: Files) -> Contents:
    """Digest a delimited text file, decode all bytes and count the rows.

    Args:
        stream: binary stream of the file.
        file: name of the file, for messages and to recognise gzip.
        files: encoding and delimiter of text files.

    Raises:
        SourceError: gzip is damaged or truncated, bytes cannot be decoded, a line is too long, or
            the file is empty.
    """
    digest, size = hashlib.sha256(), 0
    raw = digested(chunks(stream), digest)
    plain = gunzipped(raw, file) if is_packed(file) else raw
    is_wide = files.encoding == "utf-16"
    header, count = Header(), LineCount(file, is_cut=not is_wide and not is_packed(file))
    decoder = codecs.getincrementaldecoder(files.encoding)()
    for piece in pieces_and_end(plain):
        text = decode(decoder, piece, size, files.encoding, file)
        header.add(text)
        is_marked = size == 0 and text.startswith(BYTE_ORDER_MARK)
        # A byte order mark is no part of a line; blanks of the same length keep byte positions.
        count.add(text.encode() if is_wide else b"   " + piece[3:] if is_marked else piece)
        size += len(piece)
    columns = header.columns(files.delimiter)
    if not columns:
        raise SourceError(f"{file}: empty; a file has a header line at least.")
    return Contents(digest.hexdigest(), columns, count.pieces(size))


def inspect_parquet(stream: pa.NativeFile, file: str) -> Contents:
    """Digest a Parquet file, decode all pages and read columns, types and row groups.

    Raises:
        SourceError: the file is empty, damaged or not Parquet; get the file again.
    """
    digest = hashlib.sha256()
    size = sum(len(piece) for piece in digested(chunks(stream), digest))
    if not size:
        raise SourceError(f"{file}: empty; get the file again.")
    stream.seek(0)
    try:
        parquet = pq.ParquetFile(stream, buffer_size=CHUNK, page_checksum_verification=True)
        schema = parquet.schema_arrow
        decode_pages(parquet)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(
            f"{file}: not a Parquet file, or damaged ({error}); get the file again."
        ) from None
    types = dict(zip(schema.names, schema.types, strict=True))
    return Contents(digest.hexdigest(), tuple(schema.names), row_groups(parquet), types)


def decode_pages(parquet: pq.ParquetFile) -> None:
    """Decode the columns that shopcast can read, batch by batch, to find damaged pages.

    Raises:
        ArrowException: a page is damaged, or fails its checksum if the file has checksums.
        OSError: as ArrowException.
    """
    schema = parquet.schema_arrow
    columns = [
        name for name, kind in zip(schema.names, schema.types, strict=True) if is_value(kind)
    ]
    for _ in parquet.iter_batches(ROWS_AT_ONCE, columns=columns, use_threads=False):
        pass


def row_groups(parquet: pq.ParquetFile) -> tuple[Piece, ...]:
    """Return a piece per row group of a Parquet file."""
    pieces, first = [], 0
    for group in range(parquet.metadata.num_row_groups):
        rows = parquet.metadata.row_group(group).num_rows
        pieces.append(Piece(group, group + 1, first, rows))
        first += rows
    return tuple(pieces)


def is_parquet(name: str) -> bool:
    """Return whether a file's name ends in ``.parquet``."""
    return name.lower().endswith(PARQUET)


def inspect_file(uri: str, name: str, files: Files) -> tuple[str, Contents]:
    """Read a whole file; return the file's stamp and contents.

    Raises:
        SourceError: the file changed during the read (run again), or as ``inspect_text`` and
            ``inspect_parquet``.
    """
    stamp = file_stamp(uri)
    with open_source(uri) as stream:
        contents = (
            inspect_parquet(stream, name) if is_parquet(name) else inspect_text(stream, name, files)
        )
    require_unchanged(uri, stamp)
    return stamp, contents
