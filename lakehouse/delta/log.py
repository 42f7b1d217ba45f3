"""Delta log access: create and open tables, list files and months, and read recorded digests."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from deltalake import CommitProperties, DeltaTable, Field, Schema, Transaction
from deltalake.exceptions import DeltaError, TableNotFoundError
from pyarrow.fs import FileType

from lakehouse.delta import damage
from lakehouse.delta.states import MADE, ROWS, VERSION, as_digest, of_month
from lakehouse.delta.transactions import transaction_numbers
from lakehouse.errors import LakeError
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.storage import filesystem, is_local, local_path
from lakehouse.table import Table

# Commit metadata key of programs before ADR 13: month → digest of the month's inputs.
BUILT = "shopcast.built"
# How many commits back that key is looked for.
HISTORY = 50
MOST_NAMED = 5


def exists(lake: Lake, table: Table) -> bool:
    """Return whether a table was created."""
    return bool(DeltaTable.is_deltatable(lake.uri(table)))


def load(lake: Lake, table: Table) -> DeltaTable:
    """Open a table's newest version.

    Raises:
        LakeError: the table was never created, or its log is damaged; the message gives the
            remedy.
    """
    uri = lake.uri(table)
    try:
        opened = opened_before(uri)
        if has_next_version(opened, uri):
            before = opened.version()
            opened.update_incremental()
            require_commits(uri, range(before + 1, opened.version() + 1))
    except TableNotFoundError:
        raise LakeError(
            f"{lake.root}: table {table.path} is missing; "
            "run the step that writes it (README: steps)."
        ) from None
    except DeltaError as error:
        raise LakeError(damage.describe(uri, error)) from error
    return opened


def has_next_version(opened: DeltaTable, uri: str) -> bool:
    """Return whether a commit after an opened version exists; versions have no gaps.

    Checking one file takes a hundredth of the time of listing the log. Delta keeps commits in the
    log for thirty days: a process that checks more rarely must reopen its tables.
    """
    name = f"_delta_log/{opened.version() + 1:020}.json"
    if is_local(uri):
        return (local_path(uri) / name).exists()
    return bool(filesystem(uri).get_file_info(name).type != FileType.NotFound)


@lru_cache(maxsize=256)
def opened_before(uri: str) -> DeltaTable:
    """Open a table once per process: reading only new commits takes a tenth of a reopening."""
    opened = DeltaTable(uri)
    require_commits(uri, [opened.version()])
    return opened


def require_commits(uri: str, versions: Iterable[int]) -> None:
    """Check that no commit file is empty; delta-rs reads an empty one as a commit of no change.

    Raises:
        DeltaError: a commit file is empty; all open tables are then closed.
    """
    names = [f"_delta_log/{version:020}.json" for version in versions]
    for info in filesystem(uri).get_file_info(names):
        if info.type == FileType.File and not info.size:
            forget()
            raise DeltaError(f"{info.base_name} is empty")


def forget() -> None:
    """Close all open tables, because others may be created where some were removed."""
    opened_before.cache_clear()


def create(lake: Lake, table: Table, *, replaces_all: bool = False) -> DeltaTable:
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
    if not exists(lake, table):
        make(lake, table)
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
            load(lake, table).alter.add_constraint(missing)
        except DeltaError:
            if missing_checks(lake, table):
                raise
    return load(lake, table)


def missing_checks(lake: Lake, table: Table) -> dict[str, str]:
    """Return the declared checks that a stored table lacks: name → SQL condition."""
    stored = load(lake, table).metadata().configuration
    return {c.name: c.sql for c in table.checks if f"delta.constraints.{c.name}" not in stored}


def make(lake: Lake, table: Table, *, is_emptied: bool = False) -> None:
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
            # Tried again it would be made over the one that another process made meanwhile.
            commit_properties=CommitProperties(max_commit_retries=0),
        )
    except DeltaError:
        if is_emptied or not exists(lake, table):
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
    return differing(load(lake, table), table)


def differing(opened: DeltaTable, table: Table) -> list[str]:
    """Return what ``differing_columns`` does, for an opened version."""
    stored = {field.name: field for field in opened.schema().fields}
    declared = {field.name: field for field in Schema.from_arrow(table.schema).fields}
    alone = set(stored) ^ set(declared)
    unlike = {name for name in set(stored) - alone if not holds(stored[name], declared[name])}
    return sorted(alone | unlike)


def holds(stored: Field, declared: Field) -> bool:
    """Return whether a stored column can hold every value of a declared column."""
    return bool(stored.type == declared.type and (stored.nullable or not declared.nullable))


def columns(lake: Lake, table: Table) -> list[str]:
    """Return the names of a table's stored columns."""
    return [field.name for field in load(lake, table).schema().fields]


def version(lake: Lake, table: Table) -> int:
    """Return the newest version of a table."""
    return int(load(lake, table).version())


@dataclass(frozen=True)
class Months:
    """The files and month states of one version of a table partitioned by month.

    Attributes:
        files: month → the month's files, as paths below the table.
        states: month → the month's state; see ``month_digests``.
    """

    files: Mapping[date, list[str]]
    states: dict[date, str]

    def states_after(
        self, months: Container[date], filled: Collection[date | None], state: str
    ) -> dict[date, str]:
        """Return the month states after some months were replaced.

        Args:
            months: the months replaced.
            filled: months that have rows afterwards; a replaced month outside has no state.
            state: the new state of the replaced months.
        """
        kept = {month: old for month, old in self.states.items() if month not in months}
        return kept | {month: state for month in filled if month and month in months}


def month_digests(lake: Lake, table: Table) -> dict[date, str]:
    """Return the state of each month that has rows: equal states mean equal rows.

    A commit that changes a month's rows changes the month's state; compaction does not. If no
    commit changed a month's rows since ADR 13, the month's state is the digest of its file names.
    """
    return months_of(lake, table).states


def months_of(lake: Lake, table: Table) -> Months:
    """Return the files and states of all months of a table's newest version."""
    opened = load(lake, table)
    files = files_of_months(opened)
    numbers = transaction_numbers(opened, lake.uri(table))
    states = {
        month: as_digest(numbers[name])
        if (name := of_month(ROWS, month)) in numbers
        else digest(sorted(paths))
        for month, paths in files.items()
    }
    return Months(files, states)


def table_digest(lake: Lake, table: Table) -> str:
    """Return the state of an unpartitioned table, as ``month_digests`` does for a month."""
    number = transaction_numbers(load(lake, table), lake.uri(table)).get(ROWS)
    return as_digest(number) if number is not None else digest(all_files(lake, table))


def names_digests(opened: DeltaTable) -> dict[date, str]:
    """Digest the sorted file names of each month of an opened version."""
    return {month: digest(sorted(paths)) for month, paths in files_of_months(opened).items()}


def month_files(lake: Lake, table: Table) -> dict[date, list[str]]:
    """Return the files of each month in a table's newest version, as paths below the table."""
    return files_of_months(load(lake, table))


def files_of_months(opened: DeltaTable) -> dict[date, list[str]]:
    """Return the files of each month of an opened version, as paths below the table."""
    files: dict[date, list[str]] = defaultdict(list)
    for month, path, _ in month_actions(opened):
        files[month].append(path)
    return dict(files)


def month_rows(lake: Lake, table: Table) -> dict[date, int]:
    """Count the rows of each month of a table from its log."""
    counts: dict[date, int] = defaultdict(int)
    for month, _, count in month_actions(load(lake, table)):
        counts[month] += count
    return dict(counts)


def file_rows(lake: Lake, table: Table) -> dict[str, int]:
    """Count the rows of each file of a table partitioned by month, by path below the table."""
    return {path: count for _, path, count in month_actions(load(lake, table))}


def month_actions(opened: DeltaTable) -> list[tuple[date, str, int]]:
    """List (month, path, rows) of each file of a table partitioned by month, sorted.

    Files of rows without a month are left out.
    """
    key = (opened.table_uri, opened.metadata().id, opened.version())
    if key not in known_actions:
        actions = opened.get_add_actions(flatten=True)
        names = ("partition.month", "path", "num_records")
        columns = (actions[name].to_pylist() for name in names)
        listed = sorted(row for row in zip(*columns, strict=True) if row[0] is not None)
        remember(known_actions, key, listed)
    return known_actions[key]


# Caches by (URI, table id, version): a version never changes. The newest MOST_KNOWN are kept.
Key = tuple[str, str, int]
known_actions: dict[Key, list[tuple[date, str, int]]] = {}
known_built: dict[Key, dict[str, str]] = {}
MOST_KNOWN = 64


def remember(known: dict[Key, Any], key: Key, value: Any) -> None:
    """Add a value to a cache by version, dropping the oldest entry of a full cache."""
    if len(known) >= MOST_KNOWN:
        known.pop(next(iter(known)))
    known[key] = value


def all_files(lake: Lake, table: Table) -> list[str]:
    """List the files of a table's newest version, as sorted paths below the table."""
    return sorted(load(lake, table).get_add_actions(flatten=True)["path"].to_pylist())


def digest(parts: object) -> str:
    """Digest a value, written as JSON, into 16 hexadecimal digits."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def numbers_of(opened: DeltaTable, uri: str, name: str) -> dict[str, int]:
    """Return a table's recorded numbers whose names begin with a prefix.

    Args:
        opened: a version of the table.
        uri: the table's URI.
        name: the prefix, which a space separates from the rest of a number's name.

    Returns:
        Rest of the name, without prefix and space → number.
    """
    numbers = transaction_numbers(opened, uri)
    return {
        known.removeprefix(f"{name} "): number
        for known, number in numbers.items()
        if known.startswith(f"{name} ")
    }


def built(lake: Lake, table: Table) -> dict[date, str]:
    """Return for each month of a derived table the digest of its inputs at the last build.

    Returns:
        Month → digest; empty if the table does not exist.
    """
    return built_of(load(lake, table), lake.uri(table)) if exists(lake, table) else {}


def built_of(opened: DeltaTable, uri: str) -> dict[date, str]:
    """Return what ``built`` does, for an opened version."""
    numbers = numbers_of(opened, uri, MADE)
    if not numbers:
        return built_before_of(opened, uri)
    return {date.fromisoformat(f"{m}-01"): as_digest(number) for m, number in numbers.items()}


def built_before(lake: Lake, table: Table) -> dict[date, str]:
    """Return the input digests that a program before ADR 13 recorded, by month.

    Returns:
        Month → digest; empty if the table does not exist or has digests recorded since ADR 13.
    """
    return built_before_of(load(lake, table), lake.uri(table)) if exists(lake, table) else {}


def built_before_of(opened: DeltaTable, uri: str) -> dict[date, str]:
    """Return what ``built_before`` does, for an opened version."""
    recorded = record_before(opened, uri).get(BUILT, "{}")
    return {date.fromisoformat(month): made for month, made in json.loads(recorded).items()}


def record_before(opened: DeltaTable, uri: str) -> dict[str, str]:
    """Return the newest commit metadata in which a program before ADR 13 recorded a build.

    Returns:
        ``{BUILT: JSON}``; empty if no recent commit has such metadata, or if the table has digests
        recorded since ADR 13.
    """
    if numbers_of(opened, uri, MADE):
        return {}
    key = (opened.table_uri, opened.metadata().id, opened.version())
    if key not in known_built:
        recorded = (commit[BUILT] for commit in opened.history(HISTORY) if BUILT in commit)
        remember(known_built, key, {BUILT: newest} if (newest := next(recorded, None)) else {})
    return dict(known_built[key])


def versions_recorded(lake: Lake, table: Table) -> dict[str, int]:
    """Return the code versions that a derived table was last built with.

    Returns:
        Part of the program → version; empty if the table does not exist.
    """
    if not exists(lake, table):
        return {}
    return numbers_of(load(lake, table), lake.uri(table), VERSION)


def row_count(lake: Lake, table: Table) -> int:
    """Count a table's rows from its log."""
    return int(load(lake, table).count())


@dataclass(frozen=True)
class Named:
    """A Delta application transaction, committed at most once.

    Attributes:
        name: the application id.
        number: the transaction's number, which grows with each transaction of the name.
    """

    name: str
    number: int = 1


def named_transaction(
    transaction: Named | None, changed: Sequence[Transaction] = ()
) -> CommitProperties:
    """Return commit properties that record a transaction and the changed month states.

    Args:
        transaction: the transaction to record; None: none.
        changed: transactions that ``rows_changed`` returned.
    """
    named = [Transaction(transaction.name, transaction.number)] if transaction else []
    return CommitProperties(app_transactions=[*named, *changed])


def has_transaction(lake: Lake, table: Table, transaction: Named) -> bool:
    """Return whether a transaction, or a later one of the same name, was committed to a table."""
    found = transaction_number(lake, table, transaction.name)
    return found is not None and found >= transaction.number


def transaction_number(lake: Lake, table: Table, name: str) -> int | None:
    """Return the number of a table's last transaction of a name; None: no such transaction."""
    if not exists(lake, table):
        return None
    found: int | None = load(lake, table).transaction_version(name)
    return found


def table_id(lake: Lake, table: Table) -> str:
    """Return a table's id, which changes when the table is deleted and created again."""
    return str(load(lake, table).metadata().id)


def property_of(lake: Lake, table: Table, name: str) -> str | None:
    """Return the value of a table property; None: the property is not set."""
    found: str | None = load(lake, table).metadata().configuration.get(name)
    return found


def set_property(lake: Lake, table: Table, name: str, value: str) -> None:
    """Set a table property in a separate commit."""
    reach(f"before {table.path} property")
    load(lake, table).alter.set_table_properties({name: value}, raise_if_not_exists=False)


def commits(lake: Lake, table: Table) -> list[tuple[int, float]]:
    """List (version, seconds since 1970) of the commits still in a table's log, oldest first."""
    history = load(lake, table).history()
    return sorted((int(one["version"]), one["timestamp"] / 1000) for one in history)
