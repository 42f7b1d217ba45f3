"""Upserts of parts: rows that workers wrote are merged into a table by key."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date

import pyarrow as pa
from deltalake.exceptions import CommitFailedError

from lakehouse.delta import creation
from lakehouse.delta.parts import DataFile, commit_parts, discard_parts, load_parts
from lakehouse.delta.upserts import upsert_rows
from lakehouse.lake import Lake
from lakehouse.table import Table

# Most rows merged at once: the driver's memory holds them, at about 250 bytes per row.
MOST_ROWS = 1_000_000


def anywhere(_: pa.Table) -> None:
    """Return None: stored rows of the same keys can be in any month."""


def upsert_parts(
    lake: Lake,
    table: Table,
    parts: Sequence[DataFile],
    newer: str = "TRUE",
    months: Callable[[pa.Table], Sequence[date | None] | None] = anywhere,
) -> None:
    """Upsert parts into a table.

    An empty table gets the files themselves, in one commit. Otherwise the rows are merged, up to
    ``MOST_ROWS`` per commit; if the process is stopped between commits, running it again completes
    the upsert.

    Args:
        lake: the lake that has the table; a missing table is created.
        table: the table to upsert into.
        parts: files that ``write_parts`` wrote below the table, with one row per key in all.
        newer: SQL condition over ``incoming`` and ``stored`` under which the incoming row replaces
            the stored one.
        months: rows of parts → the argument ``months`` of ``upsert_rows``.
    """
    target = creation.create_table(lake, table)
    if not parts:
        return
    if not target.file_uris():
        # If another process filled the table first, this commit fails and the parts are merged.
        with suppress(CommitFailedError):
            commit_parts(lake, table, parts)
            return
    for some in portions(parts):
        rows = load_parts(lake, table, some)
        upsert_rows(lake, table, rows, newer, months(rows))
    discard_parts(lake, table, parts)


def portions(parts: Iterable[DataFile]) -> Iterator[list[DataFile]]:
    """Group parts in order of month, up to ``MOST_ROWS`` rows per group; no part is split."""
    held: list[DataFile] = []
    for part in sorted(parts, key=lambda part: (part.month is None, part.month)):
        if held and sum(other.rows for other in held) + part.rows > MOST_ROWS:
            yield held
            held = []
        held.append(part)
    if held:
        yield held
