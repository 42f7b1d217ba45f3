"""Table maintenance: compaction, log checkpoints, deletes and vacuum."""

from collections import Counter
from collections.abc import Iterable
from functools import partial

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError
from pyarrow.fs import FileSelector

from lakehouse.delta import builds, listing, log
from lakehouse.delta.replacement import change_states
from lakehouse.delta.states import ROWS, as_number, of_month
from lakehouse.delta.transactions import transaction_numbers
from lakehouse.delta.upserts import ATTEMPTS
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.storage import filesystem, is_local
from lakehouse.table import Table


def compact(lake: Lake, table: Table, most_files: int) -> int:
    """Compact the partitions of a table that have many files, and checkpoint the log.

    Args:
        lake: the lake that has the table.
        table: the table to compact; a table with ``kept_apart`` only gets a checkpoint.
        most_files: a partition with at most this many files is not compacted.

    Returns:
        The number of files that were joined into larger ones.
    """
    opened = log.load(lake, table)
    counts = files_by_partition(opened, table) if table.kept_apart is None else {}
    large = [partition for partition, count in counts.items() if count > most_files]
    joined = 0
    if large:
        keep_states(lake, table)
    for partition in large:
        reach(f"before {table.path} compaction")
        named = zip(table.partition_by, partition, strict=True)
        metrics = opened.optimize.compact(
            partition_filters=[(name, "=", value) for name, value in named],
            commit_properties=CommitProperties(
                custom_metadata=builds.earlier_record(opened, lake.uri(table))
            ),
        )
        joined += int(metrics["numFilesRemoved"])
    reach(f"before {table.path} checkpoint")
    log.load(lake, table).create_checkpoint()
    return joined


def keep_states(lake: Lake, table: Table) -> None:
    """Record the states that are computed from file names, before a compaction changes the names.

    Only months and tables that no commit changed since ADR 13 have such states. The states need a
    separate commit, because delta-rs omits transactions from compaction commits.
    """
    opened = log.load(lake, table)
    numbers = transaction_numbers(opened, lake.uri(table))
    if "month" in table.partition_by:
        names = listing.names_digests(opened)
        states = {of_month(ROWS, month): state for month, state in names.items()}
    else:
        states = {ROWS: log.digest(log.all_files(lake, table))}
    unknown = {name: state for name, state in states.items() if name not in numbers}
    if unknown:
        transactions = [Transaction(name, as_number(state)) for name, state in unknown.items()]
        reach(f"before {table.path} states")
        opened.create_write_transaction(
            [],
            mode="append",
            schema=opened.schema(),
            partition_by=list(table.partition_by),
            commit_properties=log.commit_properties(transactions),
        )


def drop_others(lake: Lake, prefix: str, kept: Iterable[Table]) -> list[str]:
    """Delete all tables whose path begins with a prefix, except some.

    Args:
        lake: the lake that has the tables.
        prefix: ``layer/beginning`` of the paths.
        kept: tables to keep.

    Returns:
        The paths of the deleted tables.
    """
    store, layer = filesystem(lake.root), prefix.partition("/")[0]
    there = store.get_file_info(FileSelector(layer, allow_not_found=True))
    stay = {table.path for table in kept}
    gone = [
        path
        for path in sorted(f"{layer}/{info.base_name}" for info in there)
        if path.startswith(prefix) and path not in stay
    ]
    for path in gone:
        reach(f"before {path} removal")
        store.delete_dir_contents(path)
        if is_local(lake.root):
            store.delete_dir(path)
    if gone:
        log.forget()
    return gone


def files_by_partition(opened: DeltaTable, table: Table) -> Counter[tuple[str, ...]]:
    """Count the files of each partition by partition values, as the Delta log writes the values.

    Partitions with a null value are left out; an unpartitioned table is one partition, ``()``.
    """
    actions = opened.get_add_actions(flatten=True)
    columns = [actions[f"partition.{name}"].to_pylist() for name in table.partition_by]
    if not columns:
        return Counter({(): len(opened.file_uris())})
    rows = zip(*columns, strict=True)
    return Counter(tuple(map(str, values)) for values in rows if None not in values)


def delete_where(lake: Lake, table: Table, condition: str) -> int:
    """Delete the rows that meet a condition; if no row does, no commit is made.

    Args:
        lake: the lake that has the table.
        table: the table to delete from.
        condition: SQL over the columns of ``table``.

    Returns:
        The number of deleted rows.

    Raises:
        CommitFailedError: other writers came first at every attempt.
    """
    reach(f"before {table.path}")
    for attempt in range(ATTEMPTS):
        target = log.load(lake, table)
        properties = log.named_transaction(None, change_states(target, table, {}))
        try:
            deleted = target.delete(condition, commit_properties=properties)
        except CommitFailedError:
            if attempt + 1 == ATTEMPTS:
                raise
        else:
            break
    reach(f"after {table.path}")
    return int(deleted["num_deleted_rows"])


def files_kept_apart(lake: Lake, table: Table) -> dict[str, float]:
    """Return the values of the ``kept_apart`` column that have files without other values.

    Returns:
        Value → when the newest such file was written, seconds since 1970. Files with several
        values, which an earlier version of the program joined, are left out.
    """
    name = table.kept_apart
    newest: dict[str, float] = {}
    for action in pa.table(log.load(lake, table).get_add_actions(flatten=True)).to_pylist():
        low, high = (action.get(f"{end}.{name}") for end in ("min", "max"))
        if low is not None and low == high:
            written = action["modification_time"] / 1000
            newest[low] = max(written, newest.get(low, written))
    return newest


def last_written(lake: Lake, table: Table) -> float:
    """Return when the newest commit to a table was made, seconds since 1970."""
    return float(log.load(lake, table).history(1)[0]["timestamp"]) / 1000


def vacuum(lake: Lake, table: Table, retain_hours: int) -> int:
    """Delete the files that no version of the last ``retain_hours`` uses, and return their number.

    The log remembers a deleted file for a week, during which delta-rs would delete the file again:
    if no such file is left in the store, no commit is made.
    """
    opened, there = log.load(lake, table), stored_files(lake, table)
    vacuum = partial(opened.vacuum, retain_hours, enforce_retention_duration=False, full=True)
    gone = sum(path in there for path in vacuum(dry_run=True))
    if gone:
        reach(f"before {table.path} vacuum")
        vacuum(dry_run=False)
    return gone


def stored_files(lake: Lake, table: Table) -> set[str]:
    """Return the paths of all files stored below a table, used by a version or not."""
    infos = filesystem(lake.uri(table)).get_file_info(FileSelector("", recursive=True))
    return {info.path for info in infos if info.is_file}
