"""Month replacement: atomic commits that replace or patch whole months of derived tables."""

import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError

from lakehouse.delta import builds, creation, listing, log
from lakehouse.delta.files import read
from lakehouse.delta.parts import DataFile, TableRows, actions, of_table, write_files
from lakehouse.delta.states import NOTHING, Change, record_digests
from lakehouse.errors import ConflictError
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.table import Table
from lakehouse.types import DATE


@dataclass(frozen=True)
class BuiltMonths:
    """Months of a derived table that a commit replaces, and what the commit records of them.

    Attributes:
        months: the months to replace; if empty, the commit only records ``digests``.
        digests: month → digest of the inputs of the month's rows, for ``builds.read_digests``.
        is_whole: True if ``months`` are all months of the table, whose columns may then change.
        change: the new state of the months and the code versions that made the rows; None: a new
            state and no versions.
    """

    months: Sequence[date]
    digests: Mapping[date, str] = field(default_factory=dict)
    is_whole: bool = False
    change: Change | None = None

    def changed(self, table: Table) -> list[Transaction]:
        """Return the transactions that record the months' new state and the code versions."""
        return (self.change or Change()).of(table, self.months)


def replace_months(lake: Lake, table: Table, built: BuiltMonths, parts: Iterable[DataFile]) -> int:
    """Replace all rows of some months of a table by written parts, in one commit.

    A reader sees all the months either before or after the commit. If two processes write a table
    at the same time, one fails and leaves no visible change.

    Args:
        lake: the lake that has the table; a missing table is created.
        table: a table partitioned by month.
        built: the months to replace; a month without parts becomes empty.
        parts: files that ``write_parts`` or an ``Executor`` wrote; parts of other tables or months
            are ignored.

    Returns:
        The number of rows in the replaced months.

    Raises:
        ConflictError: another process wrote the table at the same time; run again.
    """
    target = creation.create_table(lake, table, replaces_all=built.is_whole)
    new = [part for part in of_table(parts, table) if part.month in set(built.months)]
    commit(target, table, built, new, build_properties(target, lake.uri(table), table, built))
    return sum(part.rows for part in new)


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
    digests = builds.read_digests(lake, table)
    built = {month for month, digest in digests.items() if digest != NOTHING}
    if gone := sorted(
        month for month in built | set(listing.month_files(lake, table)) if month not in kept
    ):
        replace_months(lake, table, BuiltMonths(gone, dict.fromkeys(gone, NOTHING)), [])


def patch_months(
    lake: Lake,
    table: Table,
    built: BuiltMonths,
    patch: Callable[[date, pa.Table], pa.Table],
) -> int:
    """Patch months of a table: read each month's rows, transform and write them, in one commit.

    Memory holds one month. If another process commits meanwhile, this call fails, so that no
    commit is lost.

    Args:
        lake: the lake that has the table; a missing table is created.
        table: a table partitioned by month.
        built: the months to patch.
        patch: (month, the month's stored rows) → the rows that replace them.

    Returns:
        The number of rows in the patched months.

    Raises:
        ConflictError: another process wrote the table at the same time; run again.
    """
    # Reads and replaces files of this one version only; a newer version is a conflict.
    target = creation.create_table(lake, table)
    seen = target.version()
    files = listing.files_of_months(target)
    parts: list[DataFile] = []
    for month in built.months:
        rows = patch(month, read_month(lake, table, month, files.get(month, [])))
        parts += write_files(lake, TableRows(table, rows))
    if target.version() != seen:
        raise ConflictError(written_meanwhile(target))
    commit(target, table, built, parts, build_properties(target, lake.uri(table), table, built))
    return sum(part.rows for part in parts)


def read_month(lake: Lake, table: Table, month: date, files: list[str]) -> pa.Table:
    """Read the rows of one month of a table, with the columns of the table.

    Args:
        lake: the lake that has the table.
        table: a table partitioned by month.
        month: the month.
        files: the month's files, as paths below the table.
    """
    keys = [name for name in table.key if name != "month"]
    stored = read(lake.uri(table), files, None, keys)
    empty = table.schema.empty_table().drop_columns("month")
    return add_month(empty if stored is None else stored, month)


def add_month(rows: pa.Table, month: date) -> pa.Table:
    """Add the ``month`` column, which a file's path has and the file itself does not."""
    return rows.append_column("month", pa.repeat(pa.scalar(month, DATE), len(rows)))


def commit(
    target: DeltaTable,
    table: Table,
    built: BuiltMonths,
    parts: Sequence[DataFile],
    properties: CommitProperties,
) -> None:
    """Replace months of an opened version by parts, in one commit.

    Raises:
        ConflictError: another process wrote the table at the same time; run again.
    """
    is_other = bool(creation.differing_in(target, table))
    filters = [("month", "in", list(map(str, built.months)))]
    reach(f"before {table.path}")
    try:
        target.create_write_transaction(
            actions(table, parts),
            mode="overwrite" if built.months else "append",
            # Columns change only when all rows are replaced: ``create_table`` checked this.
            schema=Schema.from_arrow(table.schema) if is_other else target.schema(),
            partition_by=["month"],
            partition_filters=None if is_other or not built.months else filters,
            commit_properties=properties,
        )
    except CommitFailedError as error:
        raise ConflictError(written_meanwhile(target)) from error
    reach(f"after {table.path}")


def written_meanwhile(target: DeltaTable) -> str:
    """Return the message that another process wrote the table meanwhile."""
    return f"{target.table_uri}: another process wrote it meanwhile; run again."


def build_properties(
    target: DeltaTable, uri: str, table: Table, built: BuiltMonths
) -> CommitProperties:
    """Return commit properties that record the months' input digests and changed states.

    The properties name the commit ``build <table>``: of two concurrent commits of one name Delta
    refuses the later, even if neither removes a file of the other.

    Args:
        target: the table's version to change.
        uri: the table's URI.
        table: the table's declaration.
        built: the months that the commit replaces.
    """
    if creation.differing_in(target, table):
        # A change of columns deletes all rows, also in months that this commit does not write.
        earlier = dict.fromkeys(builds.digests_of(target, uri), NOTHING)
    else:
        earlier = builds.earlier_digests_of(target, uri)
    recorded = record_digests({**earlier, **built.digests})
    alone = Transaction(f"build {table.path}", time.time_ns())
    return log.commit_properties([alone, *recorded, *built.changed(table)])
