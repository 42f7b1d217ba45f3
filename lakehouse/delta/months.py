"""Month replacement: atomic commits that replace or patch whole months of derived tables."""

import time
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import date

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError

from lakehouse.delta import builds, creation, listing, log
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
    """Replace all rows of some months of a table by written parts, in one commit.

    A reader sees all the months either before or after the commit. If two processes write a table
    at the same time, one fails and leaves no visible change.

    Args:
        lake: the lake that has the table; a missing table is created.
        table: a table partitioned by month.
        months: the months to replace; a month without parts becomes empty. If the list is empty,
            the commit only records ``made_from``.
        parts: files that ``write_parts`` or ``do_work`` wrote; parts of other tables or months are
            ignored.
        made_from: month → digest of the inputs of the month's rows, recorded for
            ``builds.read_digests``.
        is_whole: True if ``months`` are all months of the table, whose columns may then change.
        change: the new state of the months and the code versions that made the rows; None: a new
            state and no versions.

    Returns:
        The number of rows in the replaced months.

    Raises:
        ConflictError: another process wrote the table at the same time; run again.
    """
    target = creation.create_table(lake, table, replaces_all=is_whole)
    mine = [part for part in of_table(parts, table) if part.month in set(months)]
    changed = (change or Change()).of(table, months)
    properties = build_properties(target, lake.uri(table), table, made_from, changed)
    commit(target, table, months, mine, properties)
    return sum(part.rows for part in mine)


def drop_months(lake: Lake, table: Table, kept: Container[date]) -> None:
    """Delete the rows of all months of a table outside a range.

    The commit records that the months have no inputs, so that a later build of them is due.
    A table that is missing or has other columns than declared is left as it is.

    Args:
        lake: the lake that may have the table.
        table: a table partitioned by month.
        kept: the months to keep.

    Raises:
        ConflictError: another process wrote the table at the same time; run again.
    """
    if not log.exists(lake, table) or not creation.has_declared_columns(lake, table):
        return
    built = {month for month, made in builds.read_digests(lake, table).items() if made != NOTHING}
    if gone := sorted(
        month for month in built | set(listing.month_files(lake, table)) if month not in kept
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
    """Patch months of a table: read each month's rows, transform and write them, in one commit.

    Memory holds one month. If another process commits meanwhile, this call fails, so that no
    commit is lost.

    Args:
        lake: the lake that has the table; a missing table is created.
        table: a table partitioned by month.
        months: the months to patch.
        patch: (month, the month's stored rows) → the rows that replace them.
        made_from: as for ``replace_months``.
        change: as for ``replace_months``.

    Returns:
        The number of rows in the patched months.

    Raises:
        ConflictError: another process wrote the table at the same time; run again.
    """
    # Reads and replaces files of this one version only; a newer version is a conflict.
    target = creation.create_table(lake, table)
    seen = target.version()
    files = listing.files_of_months(target)
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
    """Add the ``month`` column, which a file's path has and the file itself does not."""
    return rows.append_column("month", pa.repeat(pa.scalar(month, DATE), len(rows)))


def commit(
    target: DeltaTable,
    table: Table,
    months: Sequence[date],
    parts: Sequence[Part],
    properties: CommitProperties,
) -> None:
    """Replace months of an opened version by parts, in one commit.

    Raises:
        ConflictError: another process wrote the table at the same time; run again.
    """
    is_other = bool(creation.differing_in(target, table))
    reach(f"before {table.path}")
    try:
        target.create_write_transaction(
            actions(table, parts),
            mode="overwrite" if months else "append",
            # Columns change only when all rows are replaced: ``create_table`` checked this.
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
    """Return the message that another process wrote the table meanwhile."""
    return f"{target.table_uri}: another process wrote it meanwhile; run again."


def build_properties(
    target: DeltaTable,
    uri: str,
    table: Table,
    made_from: Mapping[date, str],
    changed: Sequence[Transaction],
) -> CommitProperties:
    """Return commit properties that record the months' input digests and changed states.

    The properties name the commit ``build <table>``: of two concurrent commits of one name Delta
    refuses the later, even if neither removes a file of the other.

    Args:
        target: the table's version to change.
        uri: the table's URI.
        table: the table's declaration.
        made_from: as for ``replace_months``.
        changed: transactions that ``Change.of`` returned.
    """
    if creation.differing_in(target, table):
        # A change of columns deletes all rows, also in months that this commit does not write.
        earlier = dict.fromkeys(builds.digests_of(target, uri), NOTHING)
    else:
        earlier = builds.earlier_digests_of(target, uri)
    made = records({**earlier, **made_from})
    alone = Transaction(f"build {table.path}", time.time_ns())
    return CommitProperties(app_transactions=[alone, *made, *changed])
