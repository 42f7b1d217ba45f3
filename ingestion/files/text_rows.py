"""Reader of delimited text: one line is one record, so a lost quote spoils no other line."""

import codecs
import csv
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.arrivals import MALFORMED
from ingestion.files.inspection import chunks
from ingestion.files.piece import Piece
from ingestion.files.source import Source
from ingestion.files.source_file import open_source
from ingestion.files.text_bytes import (
    BLANKS,
    BYTE_ORDER_MARK,
    decode,
    gunzipped,
    is_packed,
    pieces_and_end,
)
from ingestion.json_records import merged_places
from lakehouse.types import TEXT

QUOTE = '"'


def text_pieces(source: Source, piece: Piece) -> Iterator[pa.Table]:
    """Read the rows of one piece of a text file.

    Returns:
        Tables of ``[_malformed, *fields]`` in the file's order, about a megabyte of text each.
    """
    is_headed = piece.start == 0
    for block in text_blocks(source, piece):
        lines = lines_of(block)
        if is_headed and len(lines):
            lines, is_headed = lines.slice(1), False
        if len(lines):
            yield split_lines(lines, source)


def text_blocks(source: Source, piece: Piece) -> Iterator[bytes]:
    """Read a piece of a text file as UTF-8 blocks of whole lines, without the byte order mark."""
    with open_source(source.uri) as stream:
        stream.seek(piece.start)
        held = b""
        for text in utf8(stream, source, piece):
            block = held + text
            # Keep the two bytes of a line end "\r\n" in one block.
            end = 1 + (block.rfind(b"\n") if b"\n" in block else block.rfind(b"\r", 0, -1))
            held = block[end:]
            if end:
                yield block[:end]
        if held:
            yield held


def utf8(stream: BinaryIO, source: Source, piece: Piece) -> Iterator[bytes]:
    """Read a piece's bytes as UTF-8; the file's check has shown that all bytes can be decoded."""
    encoding, is_begun = source.files.encoding, False
    if is_packed(source.name):
        raw = gunzipped(chunks(stream), source.name)
    else:
        raw = chunks(stream, None if encoding == "utf-16" else piece.end - piece.start)
    decoder = codecs.getincrementaldecoder(encoding)()
    for part in pieces_and_end(raw):
        text = part if encoding == "utf-8" else decode(decoder, part, 0, encoding, "").encode()
        if text and not is_begun and piece.start == 0:
            text = text.removeprefix(BYTE_ORDER_MARK.encode())
        is_begun = is_begun or bool(text)
        yield text


def lines_of(block: bytes) -> pa.Array:
    """Split text into lines and drop blank lines."""
    text = block.replace(b"\r", b"\n")
    lines = pc.split_pattern(pa.array([text], TEXT), "\n").flatten()
    return lines.filter(pc.not_equal(pc.ascii_trim(lines, BLANKS), ""))


def split_lines(lines: pa.Array, source: Source) -> pa.Table:
    """Split lines into ``[_malformed, *fields]`` of a file.

    Lines without a quote are split in bulk, which takes a tenth of the time.
    """
    delimiter, width = source.files.delimiter, len(source.columns)
    places = {name: source.columns.index(column) for name, column in source.fields.items()}
    has_all = pc.equal(pc.count_substring(lines, delimiter), width - 1)
    is_plain = pc.and_not(has_all, pc.match_substring(lines, QUOTE))
    plain = lines if pc.all(is_plain).as_py() else lines.filter(is_plain)
    values = pc.split_pattern(plain, delimiter).flatten()
    rows = rows_of(pa.nulls(len(plain), TEXT), [
        values.take(np.arange(place, len(plain) * width, width)) for place in places.values()
    ], places)  # fmt: skip
    if len(plain) == len(lines):
        return rows
    others = lines.filter(pc.invert(is_plain)).to_pylist()
    split = [split_line(line, delimiter, width) for line in others]
    together = pa.concat_tables([rows, records_table(zip(others, split, strict=True), places)])
    return together.take(merged_places(is_plain))


def split_line(line: str, delimiter: str, width: int) -> list[str] | None:
    """Split a line into values; None where the line has too few or too many columns."""
    if QUOTE not in line:
        return None if line.count(delimiter) != width - 1 else line.split(delimiter)
    try:
        values = next(csv.reader((line,), delimiter=delimiter))
    except csv.Error:
        return None
    return values if len(values) == width else None


def records_table(
    records: Iterable[tuple[str, list[str] | None]], places: dict[str, int]
) -> pa.Table:
    """Build a table ``[_malformed, *fields]`` of records, each given as text and values.

    Args:
        records: text and values of each record; values None where the text cannot be split, so
            that the record is malformed.
        places: shopcast's field names → index of the value.
    """
    held = list(records)
    malformed = pa.array([text if values is None else None for text, values in held], TEXT)
    columns = [
        pa.array([values and values[place] for _, values in held], TEXT)
        for place in places.values()
    ]
    return rows_of(malformed, columns, places)


def rows_of(malformed: pa.Array, columns: list[pa.Array], names: Iterable[str]) -> pa.Table:
    """Build a table of ``_malformed`` and named text columns; an empty text becomes null."""
    none = pa.scalar(None, TEXT)
    filled = [pc.if_else(pc.equal(column, ""), none, column) for column in columns]
    return pa.table([malformed, *filled], names=[MALFORMED, *names])
