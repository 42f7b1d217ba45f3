"""Reader of a checked file's rows: texts under shopcast's field names, numbered in file order."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from ingestion.arrivals import MALFORMED
from ingestion.files.checked_folder import read_whole
from ingestion.files.list_rows import list_pieces
from ingestion.files.parquet_rows import parquet_pieces
from ingestion.files.piece import Piece
from ingestion.files.source import Source
from ingestion.files.source_file import unchanged
from ingestion.files.text_rows import text_pieces
from lakehouse.errors import SourceError
from lakehouse.types import TEXT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def source_rows(source: Source, *, is_multiline: bool = False) -> Iterator[pa.Table]:
    """Read a file's rows without Spark.

    Args:
        source: a checked file.
        is_multiline: whether the file is a list, where a quoted value may contain line ends.

    Returns:
        ``[offset, _malformed, *fields]``: the row's number from 0; the text of a line that has too
        few or too many columns, else null; and the values as written in the file, null where
        empty, days of Parquet in ISO form.

    Raises:
        SourceError: the file changed after the check; run again when the file is complete.
    """
    whole = read_whole(source)
    with unchanged(whole.uri, whole.stamp):
        if is_multiline and not whole.is_parquet:
            yield from number_rows(list_pieces(whole), 0)
        else:
            for piece in whole.pieces:
                yield from piece_rows(whole, piece)


def piece_rows(source: Source, piece: Piece) -> Iterator[pa.Table]:
    """Read the rows of one piece of a file; columns as ``source_rows``.

    Raises:
        SourceError: the number of rows differs from the number the check counted; run again.
    """
    read = parquet_pieces if source.is_parquet else text_pieces
    count = 0
    for rows in number_rows(read(source, piece), piece.first_row):
        count += len(rows)
        yield rows
    if count != piece.rows:
        raise SourceError(
            f"{source.uri}: {count} rows read where the check counted {piece.rows}; run again."
        )


def number_rows(tables: Iterable[pa.Table], first: int) -> Iterator[pa.Table]:
    """Add a column ``offset`` that numbers rows from ``first``, across tables."""
    for table in tables:
        offsets = pa.array(range(first, first + len(table)), pa.int64())
        yield table.add_column(0, "offset", offsets)
        first += len(table)


@dataclass(frozen=True)
class PieceReader:
    """Reads pieces of a file, given as indices into ``source.pieces``; runs in Spark workers."""

    source: Source

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Read the rows of the pieces with the given indices; columns as ``source_rows``."""
        for batch in batches:
            for place in batch.column(0).to_pylist():
                for rows in piece_rows(self.source, self.source.pieces[place]):
                    yield from rows.combine_chunks().to_batches()

    @property
    def ddl(self) -> str:
        """Spark DDL of the rows' columns."""
        names = (MALFORMED, *self.source.fields)
        texts = [f"`{name.replace('`', '``')}` STRING" for name in names]
        return ", ".join(["offset BIGINT", *texts])


def piece_places(spark: "SparkSession", source: Source) -> "DataFrame":
    """List the indices of a file's pieces for a ``PieceReader``, one Spark partition per piece."""
    count = max(1, len(source.pieces))
    return spark.range(0, len(source.pieces), 1, count)


def read_rows(spark: "SparkSession", source: Source) -> "DataFrame":
    """Read a file's rows in Spark workers; columns as ``source_rows``.

    The caller must run every action on the rows inside ``unchanged``, which refuses a file that
    changed in the meantime.
    """
    reader = PieceReader(read_whole(source))
    return piece_places(spark, reader.source).mapInArrow(reader, reader.ddl)


def distinct_rows(spark: "SparkSession", source: Source) -> "DataFrame":
    """Read the distinct rows of a file in Spark workers, without ``offset``."""
    reader = PieceReader(read_whole(source))
    names = [MALFORMED, *source.fields]

    def work(places: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        distinct = pa.table({name: pa.array([], TEXT) for name in names})
        for batch in reader(places):
            together = pa.concat_tables([distinct, pa.table(batch).select(names)])
            distinct = together.group_by(names).aggregate([])
        yield from distinct.combine_chunks().to_batches()

    ddl = reader.ddl.partition(", ")[2]
    return piece_places(spark, reader.source).mapInArrow(work, ddl).distinct()
