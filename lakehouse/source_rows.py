"""A checked file's rows: texts under our names, numbered in the file's order."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lakehouse.profile import Files
from lakehouse.sources import Source

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

# The text of a line that has too few or too many columns; null: the line is fine.
MALFORMED = "_malformed"


def read_rows(
    spark: "SparkSession", source: Source, files: Files, *, is_multiline: bool = False
) -> "DataFrame":
    """Read a file as texts.

    Args:
        spark: the session.
        source: a checked file.
        files: how text files are written.
        is_multiline: a quoted value may hold line ends; the file is then read by one task.

    Returns:
        ``[offset, _malformed, *fields]``: the row's number from 0, the line where it has too few
        or too many columns, and the values as the file wrote them, dates of Parquet in ISO form.
    """
    if source.is_parquet:
        return parquet_rows(spark.read.parquet(source.uri), source.fields)
    positions = {name: source.columns.index(column) for name, column in source.fields.items()}
    return text_rows(read_text(spark, source, files, is_multiline), positions)


def read_text(
    spark: "SparkSession", source: Source, files: Files, is_multiline: bool
) -> "DataFrame":
    """Read delimited text: ``_c0``, ``_c1``, … as text, and ``_malformed``."""
    schema = ", ".join(f"_c{position} STRING" for position in range(len(source.columns)))
    reader = spark.read.schema(f"{schema}, {MALFORMED} STRING").options(
        header=True,
        sep=files.delimiter,
        quote='"',
        escape='"',
        encoding=files.encoding,
        mode="PERMISSIVE",
        columnNameOfCorruptRecord=MALFORMED,
        # With pruning, Spark does not see that a line has too many columns.
        columnPruning=False,
        # Spark splits lines at single bytes, which UTF-16 does not have.
        multiLine=is_multiline or files.encoding == "utf-16",
    )
    return reader.csv(source.uri)


def text_rows(lines: "DataFrame", positions: Mapping[str, int]) -> "DataFrame":
    """Name the columns of text and number its lines.

    Args:
        lines: ``[_c0, _c1, …, _malformed]``, in the file's order.
        positions: our names → position of the column.
    """
    from pyspark.sql import functions as F

    fields = [F.col(f"_c{position}").alias(name) for name, position in positions.items()]
    return lines.zipWithIndex("offset").select("offset", MALFORMED, *fields)


def parquet_rows(rows: "DataFrame", fields: Mapping[str, str]) -> "DataFrame":
    """Name the columns of a Parquet file, as texts, and number its rows.

    Args:
        rows: read from one file.
        fields: our names → columns.
    """
    from pyspark.sql import functions as F

    types = dict(rows.dtypes)
    values = [
        as_text(quoted(column), name, types[column]).alias(name) for name, column in fields.items()
    ]
    number = F.col("_metadata.row_index").alias("offset")
    return rows.select(number, F.lit(None).cast("string").alias(MALFORMED), *values)


def as_text(value: "Column", name: str, type_name: str) -> "Column":
    """Write a typed value as text; a business date stored as a timestamp loses its time of day."""
    if name == "date" and type_name.startswith("timestamp"):
        return value.cast("date").cast("string")
    return value.cast("string")


def quoted(column: str) -> "Column":
    """Return a column whose name may hold any character."""
    from pyspark.sql import functions as F

    return F.col("`" + column.replace("`", "``") + "`")
