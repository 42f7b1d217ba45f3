"""Reads of table files in a worker; the process that plans the work lists the files."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from features.encoding import dictionary
from lakehouse.buckets import Bucket
from lakehouse.delta.files import Keep, read
from lakehouse.lake import Lake
from lakehouse.table import Table
from lakehouse.types import CODED, DATE, TEXT

# Table path → files of the table.
Files = Mapping[str, Sequence[str]]
# A bucket, and the column whose texts the bucket is computed from.
Share: TypeAlias = tuple[Bucket, str]


def stored_rows(
    lake: Lake, table: Table, files: Files, columns: Sequence[str], keep: Keep | None = None
) -> pa.Table:
    """Read columns from files of a table, with dictionary-encoded texts.

    Args:
        lake: the lake that has the table.
        table: the table to read.
        files: table path → files to read.
        columns: names of the columns; not ``month``, which files do not store.
        keep: filter that takes rows and returns the rows wanted, applied while reading so that
            no unwanted rows stay in memory; None: all rows are wanted.
    """
    fields = [table.schema.field(name) for name in columns]
    coded = [f.with_type(CODED) if f.type == TEXT else f for f in fields]
    texts = [field.name for field in fields if field.type == TEXT]
    rows = read(lake.uri(table), list(files.get(table.path, ())), list(columns), texts, keep)
    return pa.schema(coded).empty_table() if rows is None else rows


def bucket_rows(
    lake: Lake, table: Table, files: Files, columns: Sequence[str], share: Share
) -> pa.Table:
    """Read the rows of one bucket; rows of other buckets do not stay in memory.

    Files whose names exclude the bucket are not opened.

    Args:
        lake: the lake that has the table.
        table: the table to read.
        files: table path → files to read.
        columns: names of the columns, the bucket's column among them.
        share: the bucket, and the column whose texts the bucket is computed from.
    """
    bucket, column = share
    paths = bucket.files(files.get(table.path, ()))
    whole = [path for path in paths if bucket.has_all_of(path)]
    mixed = [path for path in paths if not bucket.has_all_of(path)]
    keep = partial(bucket.keep, column=column)
    return pa.concat_tables(
        [
            stored_rows(lake, table, {table.path: whole}, columns),
            stored_rows(lake, table, {table.path: mixed}, columns, keep),
        ],
        promote_options="default",
    )


def rows_among(rows: pa.Table, ids: Mapping[str, pa.Array]) -> pa.Table:
    """Keep the rows whose texts are wanted in every column that ``ids`` names.

    Args:
        rows: any columns.
        ids: column → texts wanted; a column that ``rows`` lacks is ignored.
    """
    names = [name for name in ids if name in rows.column_names]
    for name in names:
        coded = dictionary(rows[name])
        is_wanted = pc.is_in(coded.dictionary, ids[name])
        if not pc.all(is_wanted).as_py():
            rows = rows.filter(is_wanted.take(coded.indices))
    return rows


def with_month(rows: pa.Table, month: date | None) -> pa.Table:
    """Add the column ``month``, which is in a file's path and not in the file.

    Args:
        rows: rows of one month.
        month: first day of the month; None: the column is null.
    """
    return rows.append_column("month", pa.repeat(pa.scalar(month, DATE), len(rows)))
