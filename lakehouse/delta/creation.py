"""Creation of tables, and comparison of stored columns with declared columns."""

from deltalake import CommitProperties, DeltaTable, Field, Schema
from deltalake.exceptions import DeltaError

from lakehouse.delta import log
from lakehouse.errors import LakeError
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.storage import storage_options
from lakehouse.table import Table

MOST_NAMED = 5


def create_table(lake: Lake, table: Table, *, replaces_all: bool = False) -> DeltaTable:
    """Open a table, creating a missing table and adding missing checks.

    Args:
        lake: the lake that has the table.
        table: the table's declaration.
        replaces_all: True if the caller replaces all rows, and with them the columns, so that
            stored columns may differ from the declared ones.

    Raises:
        LakeError: the stored columns differ from the declared ones or cannot hold their values;
            rebuild all months with the step that writes the table.
    """
    if not log.exists(lake, table):
        make_table(lake, table)
    elif not replaces_all and (differing := differing_columns(lake, table)):
        raise LakeError(
            f"{lake.uri(table)}: its columns are not those declared (missing, too many, of "
            f"another type or without nulls: {', '.join(differing[:MOST_NAMED])}); rebuild all "
            "its months with the step that writes it (README: steps)."
        )
    # Delta adds checks in a second commit, and a process may have been stopped before that commit.
    if missing := missing_checks(lake, table):
        reach(f"before {table.path} checks")
        try:
            log.load(lake, table).alter.add_constraint(missing)
        except DeltaError:
            if missing_checks(lake, table):
                raise
    return log.load(lake, table)


def missing_checks(lake: Lake, table: Table) -> dict[str, str]:
    """Return the declared checks that a stored table lacks: name → SQL condition."""
    stored = log.load(lake, table).metadata().configuration
    return {c.name: c.sql for c in table.checks if f"delta.constraints.{c.name}" not in stored}


def make_table(lake: Lake, table: Table, *, is_emptied: bool = False) -> None:
    """Create an empty table, even if another process creates the table at the same time.

    Args:
        lake: the lake to create the table in.
        table: the table's declaration.
        is_emptied: True to overwrite a stored table that has other columns, deleting its rows.
    """
    reach(f"before {table.path} is made")
    try:
        DeltaTable.create(
            lake.uri(table),
            schema=table.schema,
            mode="overwrite" if is_emptied else "error",
            partition_by=list(table.partition_by),
            name=table.name,
            description=table.description,
            configuration={"delta.enableChangeDataFeed": "true"} if table.change_feed else None,
            storage_options=storage_options(lake.root),
            # Tried again it would be made over the one that another process made meanwhile.
            commit_properties=CommitProperties(max_commit_retries=0),
        )
    except DeltaError:
        if is_emptied or not log.exists(lake, table):
            raise


def has_declared_columns(lake: Lake, table: Table) -> bool:
    """Return whether a stored table has the declared columns and can hold their values."""
    return not differing_columns(lake, table)


def differing_columns(lake: Lake, table: Table) -> list[str]:
    """List the columns in which a stored table differs from its declaration.

    A column differs if it is missing, extra, of another type, or refuses nulls that are declared.

    The program compares columns itself because delta-rs raises no error: delta-rs casts appended
    rows to the stored type, and commits workers' files whose values or nulls the table cannot hold.
    """
    return differing_in(log.load(lake, table), table)


def differing_in(opened: DeltaTable, table: Table) -> list[str]:
    """Return what ``differing_columns`` does, for an opened version."""
    stored = {field.name: field for field in opened.schema().fields}
    declared = {field.name: field for field in Schema.from_arrow(table.schema).fields}
    alone = set(stored) ^ set(declared)
    unlike = {name for name in set(stored) - alone if not holds(stored[name], declared[name])}
    return sorted(alone | unlike)


def holds(stored: Field, declared: Field) -> bool:
    """Return whether a stored column can hold every value of a declared column."""
    return bool(stored.type == declared.type and (stored.nullable or not declared.nullable))


def stored_columns(lake: Lake, table: Table) -> list[str]:
    """Return the names of a table's stored columns."""
    return [field.name for field in log.load(lake, table).schema().fields]
