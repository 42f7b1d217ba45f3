"""Tables: header, encoding and rows of CSV, and the footer of Parquet."""

import csv
from codecs import getincrementaldecoder
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.files.text_bytes import decode, pieces_and_end
from ingestion.files.text_lines import Header
from lakehouse.errors import SourceError
from lakehouse.types import TEXT
from serving.uploads.forms import Form
from serving.uploads.limits import Limits, too_large, unreadable
from serving.uploads.lines import Lines

PARQUET_MAGIC = b"PAR1"
MARK = "\ufeff".encode()


def columns_of(first: bytes, form: Form, charset: str | None) -> tuple[str, ...]:
    """Read the column names of a table's first piece, by the encoding and delimiter of a form."""
    header = Header()
    header.add(getincrementaldecoder(charset or form.files.encoding)("replace").decode(first))
    try:
        return header.columns(form.files.delimiter)
    except csv.Error:
        return ()


def utf8(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Decode pieces of text and yield them in UTF-8, without the byte order mark.

    Raises:
        RefusedBodyError: bytes are invalid in the encoding; names the first one.
    """
    decoder = getincrementaldecoder(encoding)()
    position, is_begun = 0, False
    for piece in pieces_and_end(pieces):
        try:
            text = decode(decoder, piece, position, encoding, "The body").encode()
        except SourceError as error:
            raise unreadable(str(error)) from None
        position += len(piece)
        yield text if is_begun else text.removeprefix(MARK)
        is_begun = is_begun or bool(text)


def without_mark(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Drop the byte order mark of a text in UTF-8."""
    yield next(pieces, b"").removeprefix(MARK)
    yield from pieces


def without_header(blocks: Iterator[Lines]) -> Iterator[Lines]:
    """Drop the first line of blocks, which is the header; leave out empty blocks."""
    is_headed = True
    for block in blocks:
        rows = Lines(block.numbers.slice(1), block.texts.slice(1)) if is_headed else block
        is_headed = is_headed and not len(block.numbers)
        if len(rows.numbers):
            yield rows


def texts_of(block: Lines) -> list[str]:
    """Return the lines of a block as texts."""
    texts: list[str] = block.texts.cast(TEXT).to_pylist()
    return texts


def require_parquet(path: Path, limits: Limits) -> None:
    """Check the marks of a Parquet file and what its footer promises.

    Raises:
        RefusedBodyError: the marks are missing, or the file holds more than the limits allow.
    """
    with path.open("rb") as stream:
        begin = stream.read(4)
        stream.seek(max(0, path.stat().st_size - 4))
        if begin != PARQUET_MAGIC or stream.read(4) != PARQUET_MAGIC:
            raise unreadable("The body is no whole Parquet file: the marks PAR1 are missing.")
    try:
        footer = pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(f"The body is no whole Parquet file: {error}.") from None
    plain = sum(footer.row_group(i).total_byte_size for i in range(footer.num_row_groups))
    if footer.num_rows > limits.rows or plain > limits.plain_bytes:
        raise too_large(
            f"The body has {footer.num_rows} rows in {plain} bytes; at most {limits.rows} rows in "
            f"{limits.plain_bytes} bytes are allowed. Send it in parts."
        )
