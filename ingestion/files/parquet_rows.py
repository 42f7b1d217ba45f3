"""Reader of Parquet files: values as texts, days as the local dates that were written."""

from collections.abc import Iterator, Sequence
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.files.parquet_types import DAYS, is_text
from ingestion.files.piece import Piece
from ingestion.files.source import Source
from ingestion.files.source_file import open_source
from ingestion.files.text_rows import rows_of
from lakehouse.number_marks import Marks
from lakehouse.types import DATE, TEXT
from lakehouse.values import write_texts

ROWS_PER_TABLE = 100_000
# Bytes of a column to read at a time, since a row group may have any size.
BUFFER = 1 << 20
# The replacement character that Python writes for bytes that are not UTF-8.
SPOILED = "\ufffd"


def parquet_pieces(source: Source, piece: Piece) -> Iterator[pa.Table]:
    """Read the rows of a piece's row groups.

    Returns:
        Tables of ``[_malformed, *fields]`` in the file's order; a row with bytes that are not
        UTF-8 is malformed.
    """
    wanted = list(dict.fromkeys(source.fields.values()))
    groups = list(range(piece.start, piece.end))
    with open_source(source.uri) as stream:
        file = pq.ParquetFile(stream, buffer_size=BUFFER)
        for batch in file.iter_batches(ROWS_PER_TABLE, groups, wanted, use_threads=False):
            values = {name: batch.column(column) for name, column in source.fields.items()}
            try:
                texts = [as_text(column, name, source.files) for name, column in values.items()]
                malformed = pa.nulls(len(batch), TEXT)
            except pa.ArrowInvalid:
                valid = {name: repaired(column) for name, column in values.items()}
                texts = [as_text(column, name, source.files) for name, column in valid.items()]
                malformed = spoiled(texts)
            yield rows_of(malformed, texts, source.fields)


def as_text(values: pa.Array, name: str, marks: Marks) -> pa.Array:
    """Write a column's values as texts; a timestamp in a day field becomes the local date.

    Args:
        values: values of a type that ``require_values`` accepts.
        name: shopcast's name of the field.
        marks: number marks of the retailer's text files.

    Raises:
        ArrowInvalid: a text has bytes that are not UTF-8.
    """
    if pa.types.is_dictionary(values.type):
        return as_text(values.dictionary, name, marks).take(values.indices)
    if is_text(values.type):
        # Arrow does not validate a file's texts as UTF-8 on reading; a cast from bytes does.
        return values.cast(pa.binary()).cast(TEXT)
    if pa.types.is_float16(values.type):
        values = values.cast(pa.float32())
    if pa.types.is_date(values.type):
        values = values.cast(DATE)
    if pa.types.is_timestamp(values.type):
        values = day(values) if name in DAYS else moment(values)
    return write_texts(values, marks.decimal)


def repaired(values: pa.Array) -> pa.Array:
    """Replace bytes of texts that are not UTF-8 with ``SPOILED``."""
    if pa.types.is_dictionary(values.type):
        return repaired(values.dictionary).take(values.indices)
    if not is_text(values.type):
        return values
    raw = values.cast(pa.binary()).to_pylist()
    return pa.array([text and text.decode(errors="replace") for text in raw], TEXT)


def spoiled(texts: Sequence[pa.Array]) -> pa.Array:
    """Join the values of each row that has a ``SPOILED`` character; null for any other row."""
    marked = [pc.fill_null(pc.match_substring(column, SPOILED), False) for column in texts]
    whole = pc.binary_join_element_wise(*texts, ",", null_handling="replace", null_replacement="")
    return pc.if_else(reduce(pc.or_, marked), whole, pa.scalar(None, TEXT))


def day(times: pa.Array) -> pa.Array:
    """Return the local date of each timestamp, in the timestamp's zone."""
    local = times if times.type.tz is None else pc.local_timestamp(times)
    return pc.floor_temporal(local, unit="day").cast(DATE)


def moment(times: pa.Array) -> pa.Array:
    """Cut timestamps off to microseconds, the precision of shopcast's timestamps."""
    return times.cast(pa.timestamp("us", times.type.tz), safe=False)
