"""Whole months of derived tables, replaced or patched, each time by one atomic commit."""

import time
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import date

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError

from lakehouse.delta import log
from lakehouse.delta.files import read
from lakehouse.delta.parts import Part, Rows, actions, of_table, write_part
from lakehouse.delta.states import NOTHING, Change, records
from lakehouse.errors import ConflictError
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.table import Table
from lakehouse.types import DATE


def replace_months(
    lake: Lake,
    table: Table,
    months: Sequence[date],
    parts: Sequence[Part],
    made_from: Mapping[date, str],
    *,
    is_whole: bool = False,
    change: Change | None = None,
) -> int:
    """Make parts the content of whole months of a table.

    A reader sees all the months as they were or as they are now. Of two writers of a table at the
    same time one fails, and nothing of it is seen.

    Args:
        lake: where the table is; created where it is missing.
        table: partitioned by month.
        months: what is replaced, also where there are no parts of a month; where there are none,
            only ``made_from`` is recorded.
        parts: files that ``write_parts`` or ``do_work`` wrote; those of other tables or months are
            left out.
        made_from: by month, the digest of what its rows were made from, kept for ``log.built``.
        is_whole: the months are all that the table has; it may then take new columns.
        change: what the months' state becomes and which versions of the program made them.

    Returns:
        The rows.

    Raises:
        ConflictError: another process wrote the table at the same time.
    """
    target = log.create(lake, table, replaces_all=is_whole)
    mine = [part for part in of_table(parts, table) if part.month in set(months)]
    changed = (change or Change()).of(table, months)
    properties = build_properties(target, lake.uri(table), table, made_from, changed)
    commit(target, table, months, mine, properties)
    return sum(part.rows for part in mine)


def drop_months(lake: Lake, table: Table, kept: Container[date]) -> None:
    """Empty the months that a table has and a range does not; if they come back, they are built.

    Args:
        lake: where the table may be.
        table: partitioned by month.
        kept: the months that stay as they are.

    Raises:
        ConflictError: another process wrote the table at the same time.
    """
    if not log.exists(lake, table) or not log.has_declared_columns(lake, table):
        return
    built = {month for month, made in log.built(lake, table).items() if made != NOTHING}
    if gone := sorted(
        month for month in built | set(log.month_files(lake, table)) if month not in kept
    ):
        replace_months(lake, table, gone, [], dict.fromkeys(gone, NOTHING))


def patch_months(
    lake: Lake,
    table: Table,
    months: Sequence[date],
    patch: Callable[[date, pa.Table], pa.Table],
    made_from: Mapping[date, str],
    change: Change | None = None,
) -> int:
    """Change rows of months, reading what they hold and writing it again.

    Memory holds one month. What another writer commits meanwhile is not lost: this one then fails.

    Args:
        lake: where the table is; created where it is missing.
        table: partitioned by month.
        months: what is changed.
        patch: (month, its stored rows) → the rows that it shall hold.
        made_from: as for ``replace_months``.
        change: as for ``replace_months``.

    Returns:
        The rows of the months.

    Raises:
        ConflictError: another process wrote the table at the same time.
    """
    # What is read and what is replaced are files of this one version.
    target = log.create(lake, table)
    seen = target.version()
    files = log.files_of_months(target)
    keys = [name for name in table.key if name != "month"]
    parts = []
    for month in months:
        stored = read(lake.uri(table), files.get(month, []), None, keys)
        empty = table.schema.empty_table().drop_columns("month")
        rows = patch(month, dated(empty if stored is None else stored, month))
        parts += [Part(**file) for file in write_part(lake, Rows(table, rows))]
    if target.version() != seen:
        raise ConflictError(written_meanwhile(target))
    changed = (change or Change()).of(table, months)
    properties = build_properties(target, lake.uri(table), table, made_from, changed)
    commit(target, table, months, parts, properties)
    return sum(part.rows for part in parts)


def dated(rows: pa.Table, month: date) -> pa.Table:
    """Add the month that is in the path of a file, not in it."""
    return rows.append_column("month", pa.repeat(pa.scalar(month, DATE), len(rows)))


def commit(
    target: DeltaTable,
    table: Table,
    months: Sequence[date],
    parts: Sequence[Part],
    properties: CommitProperties,
) -> None:
    """Make parts the content of months of an opened version."""
    is_other = bool(log.differing(target, table))
    reach(f"before {table.path}")
    try:
        target.create_write_transaction(
            actions(table, parts),
            mode="overwrite" if months else "append",
            # Other columns than those stored go with all rows: log.create has seen to that.
            schema=Schema.from_arrow(table.schema) if is_other else target.schema(),
            partition_by=["month"],
            partition_filters=None
            if is_other or not months
            else [("month", "in", list(map(str, months)))],
            commit_properties=properties,
        )
    except CommitFailedError as error:
        raise ConflictError(written_meanwhile(target)) from error
    reach(f"after {table.path}")


def written_meanwhile(target: DeltaTable) -> str:
    """Say that another process came between."""
    return f"{target.table_uri}: another process wrote it meanwhile; run again."


def build_properties(
    target: DeltaTable,
    uri: str,
    table: Table,
    made_from: Mapping[date, str],
    changed: Sequence[Transaction],
) -> CommitProperties:
    """Write into a commit what months are made from and what it changes.

    Delta refuses the later of two commits of one name at the same time, also where neither removes
    a file of the other.

    Args:
        target: the version that is changed.
        uri: of the table.
        table: its declaration.
        made_from: as for ``replace_months``.
        changed: what ``Change.of`` returns.
    """
    if log.differing(target, table):
        # All rows go with the columns, also those of months that are not written now.
        earlier = dict.fromkeys(log.built_of(target, uri), NOTHING)
    else:
        earlier = log.built_before_of(target, uri)
    made = records({**earlier, **made_from})
    alone = Transaction(f"build {table.path}", time.time_ns())
    return CommitProperties(app_transactions=[alone, *made, *changed])
