"""What a worker reads: files of tables, as the log named them to the process that gave the work."""

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
from lakehouse.types import DATE, TEXT

CODED = pa.dictionary(pa.int32(), TEXT)
# Table path → its files.
Files = Mapping[str, Sequence[str]]
# A bucket and the column that it is of.
Share: TypeAlias = tuple[Bucket, str]


def stored_rows(
    lake: Lake, table: Table, files: Files, columns: Sequence[str], keep: Keep | None = None
) -> pa.Table:
    """Read columns of the files of a table, texts dictionary-encoded, without its month.

    Args:
        lake: where the table is.
        table: what to read.
        files: which files of it.
        columns: names.
        keep: columns of some rows → the rows wanted, so that no others stay in memory; None: all.
    """
    fields = [table.schema.field(name) for name in columns]
    coded = [f.with_type(CODED) if f.type == TEXT else f for f in fields]
    texts = [field.name for field in fields if field.type == TEXT]
    found = read(lake.uri(table), list(files.get(table.path, ())), list(columns), texts, keep)
    return pa.schema(coded).empty_table() if found is None else found


def bucket_rows(
    lake: Lake, table: Table, files: Files, columns: Sequence[str], share: Share
) -> pa.Table:
    """Read the rows of a bucket, in memory nothing of the other buckets.

    Args:
        lake: where the table is.
        table: what to read; the names of its files may say of which bucket their rows are.
        files: which files of it.
        columns: names, the one that buckets are of among them.
        share: the bucket, and the column that it is of.
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
    """Keep the rows whose texts are among those wanted.

    Args:
        rows: any columns.
        ids: column → the texts wanted; a column that the rows lack is left out.
    """
    names = [name for name in ids if name in rows.column_names]
    for name in names:
        coded = dictionary(rows[name])
        is_wanted = pc.is_in(coded.dictionary, ids[name])
        if not pc.all(is_wanted).as_py():
            rows = rows.filter(is_wanted.take(coded.indices))
    return rows


def with_month(rows: pa.Table, month: date | None) -> pa.Table:
    """Add the month that is in the path of a file, not in it."""
    return rows.append_column("month", pa.repeat(pa.scalar(month, DATE), len(rows)))
