"""What a worker reads: files of tables, as the log named them to the process that gave the work."""

from collections.abc import Mapping, Sequence
from datetime import date

import pyarrow as pa

from lakehouse.delta.files import read
from lakehouse.lake import Lake
from lakehouse.table import Table
from lakehouse.types import DATE, TEXT

CODED = pa.dictionary(pa.int32(), TEXT)
# Table path → its files.
Files = Mapping[str, Sequence[str]]


def stored_rows(lake: Lake, table: Table, files: Files, columns: Sequence[str]) -> pa.Table:
    """Read columns of the files of a table, texts dictionary-encoded, without its month."""
    fields = [table.schema.field(name) for name in columns]
    coded = [f.with_type(CODED) if f.type == TEXT else f for f in fields]
    texts = [field.name for field in fields if field.type == TEXT]
    found = read(lake.uri(table), list(files.get(table.path, ())), list(columns), texts)
    return pa.schema(coded).empty_table() if found is None else found


def with_month(rows: pa.Table, month: date | None) -> pa.Table:
    """Add the month that is in the path of a file, not in it."""
    return rows.append_column("month", pa.repeat(pa.scalar(month, DATE), len(rows)))
