"""Tables as their Delta log tells them: creation, versions, what a commit was made from."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import date

from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import TableNotFoundError

from lakehouse.errors import LakeError
from lakehouse.lake import Lake
from lakehouse.table import Table

# Kept in a commit's metadata: the month → digest of everything that its rows were made from.
BUILT = "shopcast.built"
# How far back to look for it; maintenance commits carry none.
HISTORY = 50


def exists(lake: Lake, table: Table) -> bool:
    """Say whether a table was created."""
    return bool(DeltaTable.is_deltatable(lake.uri(table)))


def load(lake: Lake, table: Table) -> DeltaTable:
    """Open a table's newest version.

    Raises:
        LakeError: the table was never created.
    """
    try:
        return DeltaTable(lake.uri(table))
    except TableNotFoundError:
        raise LakeError(
            f"{lake.root}: table {table.path} is missing; "
            "run the step that writes it (README: steps)."
        ) from None


def create(lake: Lake, table: Table, *, replaces_all: bool = False) -> DeltaTable:
    """Open a table, creating it where it is missing.

    Args:
        lake: where the table is.
        table: its declaration.
        replaces_all: the caller is about to replace every row, so that a table with other columns
            than those declared is emptied and takes the new ones.

    Raises:
        LakeError: it exists with other columns than those declared.
    """
    if exists(lake, table):
        opened = load(lake, table)
        if has_declared_columns(opened, table):
            return opened
        if not replaces_all:
            raise LakeError(
                f"{lake.uri(table)}: its columns are not those declared; rebuild all its months "
                "with the step that writes it (README: steps)."
            )
    created = DeltaTable.create(
        lake.uri(table),
        schema=table.schema,
        mode="overwrite" if replaces_all else "error",
        partition_by=list(table.partition_by),
        name=table.name,
        description=table.description,
        configuration={"delta.enableChangeDataFeed": "true"} if table.change_feed else None,
    )
    if table.checks:
        created.alter.add_constraint({check.name: check.sql for check in table.checks})
    return created


def has_declared_columns(opened: DeltaTable, table: Table) -> bool:
    """Say whether an opened table has the columns that are declared."""
    return {field.name for field in opened.schema().fields} == set(table.names)


def version(lake: Lake, table: Table) -> int:
    """Return the newest version of a table."""
    return int(load(lake, table).version())


def month_digests(lake: Lake, table: Table) -> dict[date, str]:
    """Digest the files of each month of a table partitioned by month.

    Two equal digests mean the same rows; compaction changes a digest without changing rows.
    """
    return {month: digest(sorted(files)) for month, files in month_files(lake, table).items()}


def month_files(lake: Lake, table: Table) -> dict[date, list[str]]:
    """List the files of each month, as paths below the table."""
    files: dict[date, list[str]] = defaultdict(list)
    for month, path, _ in month_actions(lake, table):
        files[month].append(path)
    return dict(files)


def month_rows(lake: Lake, table: Table) -> dict[date, int]:
    """Count the rows of each month."""
    counts: dict[date, int] = defaultdict(int)
    for month, _, count in month_actions(lake, table):
        counts[month] += count
    return dict(counts)


def month_actions(lake: Lake, table: Table) -> list[tuple[date, str, int]]:
    """List (month, path, rows) of the files of a table partitioned by month."""
    actions = load(lake, table).get_add_actions(flatten=True)
    columns = (actions[name].to_pylist() for name in ("partition.month", "path", "num_records"))
    return sorted(row for row in zip(*columns, strict=True) if row[0] is not None)


def all_files(lake: Lake, table: Table) -> list[str]:
    """List the files of a table, as paths below it."""
    return sorted(load(lake, table).get_add_actions(flatten=True)["path"].to_pylist())


def digest(parts: object) -> str:
    """Digest anything that JSON can write."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def built(lake: Lake, table: Table) -> dict[date, str]:
    """Return what each month of a derived table was made from, as its last build recorded it."""
    if not exists(lake, table):
        return {}
    for commit in load(lake, table).history(HISTORY):
        if BUILT in commit:
            return {date.fromisoformat(m): d for m, d in json.loads(commit[BUILT]).items()}
    return {}


def built_property(digests: Mapping[date, str]) -> CommitProperties:
    """Write what each month was made from into the metadata of a commit."""
    text = json.dumps({month.isoformat(): value for month, value in sorted(digests.items())})
    return CommitProperties(custom_metadata={BUILT: text})


def row_count(lake: Lake, table: Table) -> int:
    """Count a table's rows from its log."""
    return int(load(lake, table).count())


def named_transaction(name: str | None) -> CommitProperties:
    """Write the name of a transaction into the metadata of a commit; None: it has no name."""
    return CommitProperties(app_transactions=[Transaction(name, 1)] if name else None)


def has_transaction(lake: Lake, table: Table, name: str) -> bool:
    """Say whether a named transaction was committed to a table."""
    return exists(lake, table) and load(lake, table).transaction_version(name) is not None
