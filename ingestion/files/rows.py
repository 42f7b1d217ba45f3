"""A checked file's rows: texts under our names, numbered in the file's order; the one reader."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from ingestion.arrivals import MALFORMED
from ingestion.files.inspection import Piece
from ingestion.files.list_rows import list_pieces
from ingestion.files.parquet_rows import parquet_pieces
from ingestion.files.source_file import unchanged
from ingestion.files.sources import Source, read_whole
from ingestion.files.text_rows import text_pieces
from lakehouse.errors import SourceError
from lakehouse.types import TEXT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def source_rows(source: Source, *, is_multiline: bool = False) -> Iterator[pa.Table]:
    """Read a file in this process.

    Args:
        source: a checked file.
        is_multiline: it is a list, in which a quoted value may hold line ends.

    Returns:
        ``[offset, _malformed, *fields]``: the row's number from 0, the line where it has too few
        or too many columns, and the values as the file wrote them, null where empty, days of
        Parquet in ISO form.

    Raises:
        SourceError: the file is no longer the one that was checked.
    """
    whole = read_whole(source)
    with unchanged(whole.uri, whole.stamp):
        if is_multiline and not whole.is_parquet:
            yield from numbered(list_pieces(whole), 0)
        else:
            for piece in whole.pieces:
                yield from piece_rows(whole, piece)


def piece_rows(source: Source, piece: Piece) -> Iterator[pa.Table]:
    """Read a piece of a file; see ``source_rows``.

    Raises:
        SourceError: the piece has not the rows that the check counted.
    """
    read = parquet_pieces if source.is_parquet else text_pieces
    count = 0
    for rows in numbered(read(source, piece), piece.first_row):
        count += len(rows)
        yield rows
    if count != piece.rows:
        raise SourceError(
            f"{source.uri}: {count} rows read where the check counted {piece.rows}; run again."
        )


def numbered(tables: Iterable[pa.Table], first: int) -> Iterator[pa.Table]:
    """Number rows."""
    for table in tables:
        offsets = pa.array(range(first, first + len(table)), pa.int64())
        yield table.add_column(0, "offset", offsets)
        first += len(table)


@dataclass(frozen=True)
class PieceReader:
    """Reads a file's pieces by their places; sent to the workers."""

    source: Source

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Turn places of pieces into their rows."""
        for batch in batches:
            for place in batch.column(0).to_pylist():
                for rows in piece_rows(self.source, self.source.pieces[place]):
                    yield from rows.combine_chunks().to_batches()

    @property
    def ddl(self) -> str:
        """The columns of the rows."""
        names = (MALFORMED, *self.source.fields)
        texts = [f"`{name.replace('`', '``')}` STRING" for name in names]
        return ", ".join(["offset BIGINT", *texts])


def piece_places(spark: "SparkSession", source: Source) -> "DataFrame":
    """Return the places of a file's pieces, a Spark partition each, for a ``PieceReader``."""
    count = max(1, len(source.pieces))
    return spark.range(0, len(source.pieces), 1, count)


def read_rows(spark: "SparkSession", source: Source) -> "DataFrame":
    """Read a file by the workers; see ``source_rows``.

    Who acts on the rows does so ``unchanged`` and so refuses a file that was written to meanwhile.
    """
    reader = PieceReader(read_whole(source))
    return piece_places(spark, reader.source).mapInArrow(reader, reader.ddl)


def distinct_rows(spark: "SparkSession", source: Source) -> "DataFrame":
    """Read the distinct rows of a file by the workers, without their numbers."""
    reader = PieceReader(read_whole(source))
    names = [MALFORMED, *source.fields]

    def work(places: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        found = pa.table({name: pa.array([], TEXT) for name in names})
        for batch in reader(places):
            together = pa.concat_tables([found, pa.table(batch).select(names)])
            found = together.group_by(names).aggregate([])
        yield from found.combine_chunks().to_batches()

    ddl = reader.ddl.partition(", ")[2]
    return piece_places(spark, reader.source).mapInArrow(work, ddl).distinct()
