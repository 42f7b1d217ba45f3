"""Tables as their Delta log tells them: creation, versions, what a commit was made from."""

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

# What programs before ADR 13 kept in a commit's metadata: month → digest of what it was made from.
BUILT = "shopcast.built"
# How many commits back those programs looked for it.
HISTORY = 50
MOST_NAMED = 5


def exists(lake: Lake, table: Table) -> bool:
    """Say whether a table was created."""
    return bool(DeltaTable.is_deltatable(lake.uri(table)))


def load(lake: Lake, table: Table) -> DeltaTable:
    """Open a table's newest version.

    Raises:
        LakeError: the table was never created, or its log is damaged.
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
    """Look for the commit after an opened version; versions have no gaps.

    A look at one file takes a hundredth of the time of listing the log. Commits stay in the log
    for thirty days, so that a process that looks more seldom must open its tables anew.
    """
    name = f"_delta_log/{opened.version() + 1:020}.json"
    if is_local(uri):
        return (local_path(uri) / name).exists()
    return bool(filesystem(uri).get_file_info(name).type != FileType.NotFound)


@lru_cache(maxsize=256)
def opened_before(uri: str) -> DeltaTable:
    """Keep tables open: to read the log's end takes a tenth of the time of reading it again."""
    opened = DeltaTable(uri)
    require_commits(uri, [opened.version()])
    return opened


def require_commits(uri: str, versions: Iterable[int]) -> None:
    """Check that commits are no empty files, which delta-rs takes for commits that change nothing.

    Raises:
        DeltaError: one is; the table is then closed.
    """
    names = [f"_delta_log/{version:020}.json" for version in versions]
    for info in filesystem(uri).get_file_info(names):
        if info.type == FileType.File and not info.size:
            forget()
            raise DeltaError(f"{info.base_name} is empty")


def forget() -> None:
    """Close the tables kept open: some were removed, and others may take their places."""
    opened_before.cache_clear()


def create(lake: Lake, table: Table, *, replaces_all: bool = False) -> DeltaTable:
    """Open a table, creating it where it is missing.

    Args:
        lake: where the table is.
        table: its declaration.
        replaces_all: the caller is about to replace every row, and the columns with them.

    Raises:
        LakeError: it exists with other columns than those declared, or unable to
            hold their values.
    """
    if not exists(lake, table):
        make(lake, table)
    elif not replaces_all and (differing := differing_columns(lake, table)):
        raise LakeError(
            f"{lake.uri(table)}: its columns are not those declared (missing, too many, of "
            f"another type or without nulls: {', '.join(differing[:MOST_NAMED])}); rebuild all "
            "its months with the step that writes it (README: steps)."
        )
    # Delta takes checks by a commit of their own, before which a process may be cut off.
    if missing := missing_checks(lake, table):
        reach(f"before {table.path} checks")
        try:
            load(lake, table).alter.add_constraint(missing)
        except DeltaError:
            if missing_checks(lake, table):
                raise
    return load(lake, table)


def missing_checks(lake: Lake, table: Table) -> dict[str, str]:
    """Return the checks that a stored table lacks, by name."""
    stored = load(lake, table).metadata().configuration
    return {c.name: c.sql for c in table.checks if f"delta.constraints.{c.name}" not in stored}


def make(lake: Lake, table: Table, *, is_emptied: bool = False) -> None:
    """Make a table without rows; another process may make it at the same time.

    Args:
        lake: where the table is.
        table: its declaration.
        is_emptied: it is there with other columns than those declared, and loses its rows.
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
        )
    except DeltaError:
        if is_emptied or not exists(lake, table):
            raise


def has_declared_columns(lake: Lake, table: Table) -> bool:
    """Say whether a stored table has the columns that are declared, and can hold their values."""
    return not differing_columns(lake, table)


def differing_columns(lake: Lake, table: Table) -> list[str]:
    """Name the columns that are stored or declared alone, of two types, or stored without nulls.

    Compared here because delta-rs is silent about it: it casts what is appended to the stored
    type, and takes files of workers whose values, or nulls, the table cannot hold.
    """
    return differing(load(lake, table), table)


def differing(opened: DeltaTable, table: Table) -> list[str]:
    """Name the columns of an opened version that are not as declared."""
    stored = {field.name: field for field in opened.schema().fields}
    declared = {field.name: field for field in Schema.from_arrow(table.schema).fields}
    alone = set(stored) ^ set(declared)
    unlike = {name for name in set(stored) - alone if not holds(stored[name], declared[name])}
    return sorted(alone | unlike)


def holds(stored: Field, declared: Field) -> bool:
    """Say whether a stored column can hold every value of a declared one."""
    return bool(stored.type == declared.type and (stored.nullable or not declared.nullable))


def columns(lake: Lake, table: Table) -> list[str]:
    """Name the columns that a table is stored with."""
    return [field.name for field in load(lake, table).schema().fields]


def version(lake: Lake, table: Table) -> int:
    """Return the newest version of a table."""
    return int(load(lake, table).version())


@dataclass(frozen=True)
class Months:
    """What one version of a table partitioned by month holds.

    Attributes:
        files: month → its files, as paths below the table.
        states: month → its state; see ``month_digests``.
    """

    files: Mapping[date, list[str]]
    states: dict[date, str]

    def states_after(
        self, months: Container[date], filled: Collection[date | None], state: str
    ) -> dict[date, str]:
        """Return the states after months were replaced.

        Args:
            months: those replaced.
            filled: months that have rows then; others of those replaced have none.
            state: of the months replaced.
        """
        kept = {month: old for month, old in self.states.items() if month not in months}
        return kept | {month: state for month in filled if month and month in months}


def month_digests(lake: Lake, table: Table) -> dict[date, str]:
    """Return the state of each month that has rows: equal states, equal rows.

    A commit that changes rows of a month gives it another state; compaction does not. A month that
    no such commit changed since ADR 13 has the digest of its files' names, as before.
    """
    return months_of(lake, table).states


def months_of(lake: Lake, table: Table) -> Months:
    """Return the files and states of each month, of one version."""
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
    """Return the state of a table that is not partitioned, as ``month_digests`` does of a month."""
    number = transaction_numbers(load(lake, table), lake.uri(table)).get(ROWS)
    return as_digest(number) if number is not None else digest(all_files(lake, table))


def names_digests(opened: DeltaTable) -> dict[date, str]:
    """Digest the names of the files of each month."""
    return {month: digest(sorted(paths)) for month, paths in files_of_months(opened).items()}


def month_files(lake: Lake, table: Table) -> dict[date, list[str]]:
    """List the files of each month, as paths below the table."""
    return files_of_months(load(lake, table))


def files_of_months(opened: DeltaTable) -> dict[date, list[str]]:
    """List the files of each month of an opened version."""
    files: dict[date, list[str]] = defaultdict(list)
    for month, path, _ in month_actions(opened):
        files[month].append(path)
    return dict(files)


def month_rows(lake: Lake, table: Table) -> dict[date, int]:
    """Count the rows of each month."""
    counts: dict[date, int] = defaultdict(int)
    for month, _, count in month_actions(load(lake, table)):
        counts[month] += count
    return dict(counts)


def file_rows(lake: Lake, table: Table) -> dict[str, int]:
    """Count the rows of each file, named by its path below the table."""
    return {path: count for _, path, count in month_actions(load(lake, table))}


def month_actions(opened: DeltaTable) -> list[tuple[date, str, int]]:
    """List (month, path, rows) of the files of a table partitioned by month."""
    key = (opened.table_uri, opened.metadata().id, opened.version())
    if key not in known_actions:
        actions = opened.get_add_actions(flatten=True)
        names = ("partition.month", "path", "num_records")
        columns = (actions[name].to_pylist() for name in names)
        listed = sorted(row for row in zip(*columns, strict=True) if row[0] is not None)
        remember(known_actions, key, listed)
    return known_actions[key]


# By table and version, which never change; the last few are enough.
Key = tuple[str, str, int]
known_actions: dict[Key, list[tuple[date, str, int]]] = {}
known_built: dict[Key, dict[str, str]] = {}
MOST_KNOWN = 64


def remember(known: dict[Key, Any], key: Key, value: Any) -> None:
    """Keep what a version holds, and forget the oldest of many."""
    if len(known) >= MOST_KNOWN:
        known.pop(next(iter(known)))
    known[key] = value


def all_files(lake: Lake, table: Table) -> list[str]:
    """List the files of a table, as paths below it."""
    return sorted(load(lake, table).get_add_actions(flatten=True)["path"].to_pylist())


def digest(parts: object) -> str:
    """Digest anything that JSON can write."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def numbers_of(opened: DeltaTable, uri: str, name: str) -> dict[str, int]:
    """Return what follows a name in the names of a table's numbers, and the numbers.

    Args:
        opened: a version of the table.
        uri: of the table.
        name: how the names begin.
    """
    numbers = transaction_numbers(opened, uri)
    return {
        known.removeprefix(f"{name} "): number
        for known, number in numbers.items()
        if known.startswith(f"{name} ")
    }


def built(lake: Lake, table: Table) -> dict[date, str]:
    """Return what each month of a derived table was made from, as its last build recorded it."""
    return built_of(load(lake, table), lake.uri(table)) if exists(lake, table) else {}


def built_of(opened: DeltaTable, uri: str) -> dict[date, str]:
    """Return what each month of an opened version was made from."""
    numbers = numbers_of(opened, uri, MADE)
    if not numbers:
        return built_before_of(opened, uri)
    return {date.fromisoformat(f"{m}-01"): as_digest(number) for m, number in numbers.items()}


def built_before(lake: Lake, table: Table) -> dict[date, str]:
    """Return what programs before ADR 13 recorded; nothing where the table has a record of ours."""
    return built_before_of(load(lake, table), lake.uri(table)) if exists(lake, table) else {}


def built_before_of(opened: DeltaTable, uri: str) -> dict[date, str]:
    """Return what ``built_before`` does, of an opened version."""
    recorded = record_before(opened, uri).get(BUILT, "{}")
    return {date.fromisoformat(month): made for month, made in json.loads(recorded).items()}


def record_before(opened: DeltaTable, uri: str) -> dict[str, str]:
    """Return the metadata of a commit by which programs before ADR 13 recorded a build.

    Returns:
        The newest such; nothing where there is none, or a record of ours.
    """
    if numbers_of(opened, uri, MADE):
        return {}
    key = (opened.table_uri, opened.metadata().id, opened.version())
    if key not in known_built:
        recorded = (commit[BUILT] for commit in opened.history(HISTORY) if BUILT in commit)
        remember(known_built, key, {BUILT: newest} if (newest := next(recorded, None)) else {})
    return dict(known_built[key])


def versions_recorded(lake: Lake, table: Table) -> dict[str, int]:
    """Return the versions of the program's parts that a derived table was last built by."""
    if not exists(lake, table):
        return {}
    return numbers_of(load(lake, table), lake.uri(table), VERSION)


def row_count(lake: Lake, table: Table) -> int:
    """Count a table's rows from its log."""
    return int(load(lake, table).count())


@dataclass(frozen=True)
class Named:
    """A transaction that is committed once: its application's name, and a number that grows."""

    name: str
    number: int = 1


def named_transaction(
    transaction: Named | None, changed: Sequence[Transaction] = ()
) -> CommitProperties:
    """Write the name of a transaction into a commit, and what rows it changes.

    Args:
        transaction: None: it has no name.
        changed: by ``rows_changed``.
    """
    named = [Transaction(transaction.name, transaction.number)] if transaction else []
    return CommitProperties(app_transactions=[*named, *changed])


def has_transaction(lake: Lake, table: Table, transaction: Named) -> bool:
    """Say whether a named transaction, or one with a greater number, was committed to a table."""
    found = transaction_number(lake, table, transaction.name)
    return found is not None and found >= transaction.number


def transaction_number(lake: Lake, table: Table, name: str) -> int | None:
    """Return the number of the last transaction of a name; None: there was none."""
    if not exists(lake, table):
        return None
    found: int | None = load(lake, table).transaction_version(name)
    return found


def table_id(lake: Lake, table: Table) -> str:
    """Return the identity of a table, another after it was deleted and made again."""
    return str(load(lake, table).metadata().id)


def property_of(lake: Lake, table: Table, name: str) -> str | None:
    """Return a property of a table; None where it has none."""
    found: str | None = load(lake, table).metadata().configuration.get(name)
    return found


def set_property(lake: Lake, table: Table, name: str, value: str) -> None:
    """Set a property of a table by a commit of its own."""
    reach(f"before {table.path} property")
    load(lake, table).alter.set_table_properties({name: value}, raise_if_not_exists=False)


def commits(lake: Lake, table: Table) -> list[tuple[int, float]]:
    """List the commits that the log still has: version and when it was made, oldest first."""
    history = load(lake, table).history()
    return sorted((int(one["version"]), one["timestamp"] / 1000) for one in history)
