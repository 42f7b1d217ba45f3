"""A sales file's rows without Spark: piece by piece, as ``source_rows.read_rows`` gives them."""

import csv
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSystem

from lakehouse.errors import SourceError
from lakehouse.profile import Profile
from lakehouse.source_rows import MALFORMED
from lakehouse.sources import Source, existing_folder, file_names, inspect, listed
from lakehouse.storage import filesystem, normal_uri

ROWS_PER_PIECE = 10_000


def find_sales(location: str, profile: Profile) -> Source:
    """Check a sales file, read whole, before anything is sent.

    Args:
        location: path or URI; Parquet by its ending, else delimited text, ``.gz`` packed.
        profile: the columns.

    Raises:
        SourceError: it is missing, empty, damaged, in another encoding, or lacks a column.
    """
    folder, _, name = normal_uri(location).rpartition("/")
    names = file_names(existing_folder(folder))
    if name not in names:
        raise SourceError(f"{location}: no such file; {folder} holds {listed(names)}.")
    fields = profile.sales.columns.model_dump(exclude_none=True)
    return inspect(folder, name, fields, profile.files)


def sales_rows(source: Source, profile: Profile) -> Iterator[pa.Table]:
    """Read a checked sales file.

    Args:
        source: from ``find_sales``.
        profile: how text files are written.

    Returns:
        ``[offset, _malformed, *fields]`` in the file's order, as texts; at most
        ``ROWS_PER_PIECE`` rows in each table. An empty text is null.
    """
    folder = filesystem(source.uri.rpartition("/")[0])
    pieces = (
        parquet_pieces(folder, source)
        if source.is_parquet
        else text_pieces(folder, source, profile)
    )
    count = 0
    for piece in pieces:
        offsets = pa.array(range(count, count + len(piece)), pa.int64())
        yield piece.add_column(0, "offset", offsets)
        count += len(piece)


def text_pieces(folder: FileSystem, source: Source, profile: Profile) -> Iterator[pa.Table]:
    """Read delimited text, line by line as Spark does: a lost quote spoils no other line."""
    positions = {name: source.columns.index(column) for name, column in source.fields.items()}
    with folder.open_input_stream(source.name) as stream:
        text = TextIOWrapper(stream, encoding=profile.files.encoding)
        lines = (line.rstrip("\n") for line in text if line.strip())
        next(lines)
        while piece := list(islice(lines, ROWS_PER_PIECE)):
            rows = [values_of(line, profile.files.delimiter, len(source.columns)) for line in piece]
            malformed = [
                line if row is None else None for line, row in zip(piece, rows, strict=True)
            ]
            columns = {
                name: texts(None if row is None else row[position] for row in rows)
                for name, position in positions.items()
            }
            yield pa.table({MALFORMED: texts(malformed), **columns})


def values_of(line: str, delimiter: str, width: int) -> list[str] | None:
    """Split a line; None where it has too few or too many columns."""
    try:
        values = next(csv.reader([line], delimiter=delimiter))
    except csv.Error:
        return None
    return values if len(values) == width else None


def texts(values: Iterable[str | None]) -> pa.Array:
    """Put texts into a column, empty ones as null."""
    return pa.array([value or None for value in values], pa.string())


def parquet_pieces(folder: FileSystem, source: Source) -> Iterator[pa.Table]:
    """Read Parquet, its values as texts."""
    wanted = list(dict.fromkeys(source.fields.values()))
    with folder.open_input_file(source.name) as file:
        for batch in pq.ParquetFile(file).iter_batches(ROWS_PER_PIECE, columns=wanted):
            columns = {
                name: as_text(batch.column(column), name) for name, column in source.fields.items()
            }
            yield pa.table({MALFORMED: pa.nulls(len(batch), pa.string()), **columns})


def as_text(values: pa.Array, name: str) -> pa.Array:
    """Write typed values as texts; a business date stored as a timestamp loses its time of day."""
    if name == "date" and pa.types.is_timestamp(values.type):
        values = values.cast(pa.date32(), safe=False)
    return values.cast(pa.string())
