"""Parquet files of a table, written and read by Spark's Python workers.

For 10.9 M rows of 82 columns on two cores Spark's own writer takes 62 s and Python workers 11.5 s,
because workers write Arrow rows without converting them to Spark's format.
"""

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lakehouse.storage import filesystem
from lakehouse.types import value_type

ROW_GROUP = 1 << 20
# A file of at most this many rows is read by one thread: starting several takes longer.
ONE_THREAD_ROWS = 50_000
# Rows read at once when a Keep function then drops some of them.
ROWS_AT_ONCE = 1 << 18
Keep = Callable[[pa.Table], pa.Table]


def write(uri: str, path: str, rows: pa.Table) -> int:
    """Write rows as one Parquet file below a table.

    Args:
        uri: the table's URI.
        path: path of the file below the table.
        rows: the rows, without the partition column.

    Returns:
        The file's size in bytes.
    """
    files = filesystem(uri)
    if folder := path.rpartition("/")[0]:
        files.create_dir(folder, recursive=True)
    text = [field.name for field in rows.schema if pa.types.is_string(value_type(field.type))]
    with files.open_output_stream(path) as stream:
        pq.write_table(
            rows,
            stream,
            row_group_size=ROW_GROUP,
            compression="snappy",
            use_dictionary=text,
            write_statistics=text,
            store_schema=False,
        )
    return int(files.get_file_info(path).size)


def statistics(rows: pa.Table, key: list[str]) -> dict[str, object]:
    """Summarise rows for the Delta log: row count, and minimum and maximum of some columns.

    Args:
        rows: the rows of one file.
        key: names of columns without nulls.
    """
    ranges = {name: pc.min_max(plain(rows[name])).as_py() for name in key if len(rows)}
    return {
        "numRecords": len(rows),
        "minValues": {name: bounds["min"] for name, bounds in ranges.items()},
        "maxValues": {name: bounds["max"] for name, bounds in ranges.items()},
        "nullCount": dict.fromkeys(key, 0),
    }


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column's values; for a dictionary column, the distinct values in use."""
    if not pa.types.is_dictionary(column.type):
        return column
    return pc.unique(column).cast(column.type.value_type)


def read(
    uri: str,
    paths: list[str],
    columns: list[str] | None = None,
    text: Sequence[str] = (),
    keep: Keep | None = None,
) -> pa.Table | None:
    """Read Parquet files of a table into memory.

    Args:
        uri: the table's URI.
        paths: paths of the files below the table, as the log names them.
        columns: names of the columns to read; None: all columns in the files, which do not have
            the partition column.
        text: names of columns to return dictionary-encoded.
        keep: batch of rows → the rows to keep, called batch by batch, so that memory never holds
            a whole file's other rows; None: keep all rows.

    Returns:
        The rows; None if ``paths`` is empty or ``keep`` kept no row.
    """
    files, parts = filesystem(uri), []
    for path in paths:
        # Files are opened one by one, which for small files takes a third of a dataset's time.
        with pq.ParquetFile(
            files.open_input_file(unquote(path)), read_dictionary=list(text)
        ) as file:
            is_large = file.metadata.num_rows > ONE_THREAD_ROWS
            if keep is None:
                parts.append(without_views(file.read(columns, use_threads=is_large)))
                continue
            for batch in file.iter_batches(ROWS_AT_ONCE, columns=columns, use_threads=is_large):
                kept = keep(without_views(pa.Table.from_batches([batch])))
                parts += [with_own_texts(kept)] if len(kept) else []
    return pa.concat_tables(parts, promote_options="default") if parts else None


def has_rows(uri: str, paths: Sequence[str]) -> bool:
    """Return whether at least one of some files of a table has a row."""
    files = filesystem(uri)
    opened = (pq.read_metadata(files.open_input_file(unquote(path))) for path in paths)
    return any(metadata.num_rows > 0 for metadata in opened)


def with_own_texts(rows: pa.Table) -> pa.Table:
    """Re-encode dictionary columns whose dictionary has more entries than there are rows."""
    for at, field in enumerate(rows.schema):
        column = rows.column(at)
        is_coded = pa.types.is_dictionary(field.type)
        if is_coded and any(len(chunk.dictionary) > len(rows) for chunk in column.chunks):
            own = column.cast(field.type.value_type).dictionary_encode().cast(field.type)
            rows = rows.set_column(at, field, own)
    return rows


def batches(
    uri: str, path: str, columns: list[str], size: int, part: tuple[int, int]
) -> Iterator[pa.RecordBatch]:
    """Read a range of rows of one file in batches, so that memory never holds the whole file.

    Args:
        uri: the table's URI.
        path: path of the file below the table, as the log names the file.
        columns: names of the columns to read.
        size: rows per batch, at most.
        part: row numbers, from 0: the first row to read, and the row to stop before.
    """
    first, end = part
    with pq.ParquetFile(filesystem(uri).open_input_file(unquote(path))) as file:
        begin = 0
        for batch in file.iter_batches(size, columns=columns):
            low, high = max(first - begin, 0), min(end - begin, len(batch))
            begin += len(batch)
            if low < high:
                yield batch.slice(low, high - low)
            if begin >= end:
                return


def without_views(rows: pa.Table) -> pa.Table:
    """Convert string views, which delta-rs' merge writes and few kernels accept, into strings."""
    if pa.string_view() not in rows.schema.types:
        return rows
    fields = [
        field.with_type(pa.string()) if field.type == pa.string_view() else field
        for field in rows.schema
    ]
    return rows.cast(pa.schema(fields))
