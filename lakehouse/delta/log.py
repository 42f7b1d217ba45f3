"""Delta log access: open tables, and read their versions, files, transactions and properties."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import DeltaError, TableNotFoundError
from pyarrow.fs import FileType

from lakehouse.delta import damage
from lakehouse.delta.commits import commit_name
from lakehouse.delta.observed import note_opened, run_metadata
from lakehouse.errors import LakeError
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.storage import filesystem, is_local, local_path, storage_options
from lakehouse.table import Table


def exists(lake: Lake, table: Table) -> bool:
    """Return whether a table was created."""
    return bool(DeltaTable.is_deltatable(lake.uri(table), storage_options(lake.root)))


def load(lake: Lake, table: Table) -> DeltaTable:
    """Open a table's newest version.

    Raises:
        LakeError: the table was never created, or its log is damaged; the message gives the
            remedy.
    """
    uri = lake.uri(table)
    try:
        opened = opened_before(uri, tuple((storage_options(uri) or {}).items()))
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
    note_opened(uri, opened.version())
    return opened


def has_next_version(opened: DeltaTable, uri: str) -> bool:
    """Return whether a commit after an opened version exists; versions have no gaps.

    Checking one file takes a hundredth of the time of listing the log. Delta keeps commits in the
    log for thirty days: a process that checks more rarely must reopen its tables.
    """
    name = commit_name(opened.version() + 1)
    if is_local(uri):
        return (local_path(uri) / name).exists()
    return bool(filesystem(uri).get_file_info(name).type != FileType.NotFound)


@lru_cache(maxsize=256)
def opened_before(uri: str, options: tuple[tuple[str, str], ...]) -> DeltaTable:
    """Open a table once per process: reading only new commits takes a tenth of a reopening.

    Args:
        uri: the table's URI.
        options: delta-rs' options; with renewed credentials a table is opened again.
    """
    opened = DeltaTable(uri, storage_options=dict(options) or None)
    require_commits(uri, [opened.version()])
    return opened


def require_commits(uri: str, versions: Iterable[int]) -> None:
    """Check that no commit file is empty; delta-rs reads an empty one as a commit of no change.

    Raises:
        DeltaError: a commit file is empty; all open tables are then closed.
    """
    names = [commit_name(version) for version in versions]
    for info in filesystem(uri).get_file_info(names):
        if info.type == FileType.File and not info.size:
            forget()
            raise DeltaError(f"{info.base_name} is empty")


def forget() -> None:
    """Close all open tables, because others may be created where some were removed."""
    opened_before.cache_clear()


def version(lake: Lake, table: Table) -> int:
    """Return the newest version of a table."""
    return int(load(lake, table).version())


def all_files(lake: Lake, table: Table) -> list[str]:
    """List the files of a table's newest version, as sorted paths below the table."""
    return sorted(load(lake, table).get_add_actions(flatten=True)["path"].to_pylist())


def digest(parts: object) -> str:
    """Digest a value, written as JSON, into 16 hexadecimal digits."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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
    return commit_properties([*named, *changed])


def commit_properties(transactions: Sequence[Transaction]) -> CommitProperties:
    """Return commit properties that record transactions, and the run that makes the commit."""
    return CommitProperties(app_transactions=list(transactions), custom_metadata=run_metadata())


def has_transaction(lake: Lake, table: Table, transaction: Named) -> bool:
    """Return whether a transaction, or a later one of the same name, was committed to a table."""
    number = transaction_number(lake, table, transaction.name)
    return number is not None and number >= transaction.number


def transaction_number(lake: Lake, table: Table, name: str) -> int | None:
    """Return the number of a table's last transaction of a name; None: no such transaction."""
    if not exists(lake, table):
        return None
    number: int | None = load(lake, table).transaction_version(name)
    return number


def table_id(lake: Lake, table: Table) -> str:
    """Return a table's id, which changes when the table is deleted and created again."""
    return str(load(lake, table).metadata().id)


def table_state(lake: Lake, table: Table) -> str | None:
    """Return what changes with every commit to a table; None: the table was never created."""
    if not exists(lake, table):
        return None
    return f"{table_id(lake, table)} {version(lake, table)}"


def property_of(lake: Lake, table: Table, name: str) -> str | None:
    """Return the value of a table property; None: the property is not set."""
    value: str | None = load(lake, table).metadata().configuration.get(name)
    return value


def set_property(lake: Lake, table: Table, name: str, value: str) -> None:
    """Set a table property in a separate commit."""
    reach(f"before {table.path} property")
    load(lake, table).alter.set_table_properties({name: value}, raise_if_not_exists=False)


def commits(lake: Lake, table: Table) -> list[tuple[int, float]]:
    """List (version, seconds since 1970) of the commits still in a table's log, oldest first."""
    history = load(lake, table).history()
    return sorted((int(commit["version"]), commit["timestamp"] / 1000) for commit in history)
