"""Sorted runs (a log-structured merge index): look up numbers in a large table in few reads.

Each file is sorted by the table's first column, in small row groups, so that a lookup reads one row
group per run. Each new file starts a new run. When ``MOST_RUNS`` runs have about the same size,
they are joined into one: the table has few runs, and a row is rewritten only once for each time
the table grows eightfold. A run is split into files that fit into memory.
"""

import json
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction

from lakehouse.delta import creation, log
from lakehouse.delta.files import statistics
from lakehouse.delta.run_files import File, list_files, read_range
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.storage import filesystem
from lakehouse.table import Table

ROWS_PER_GROUP = 2048
ROWS_PER_FILE = 1 << 20
MOST_RUNS = 8
NUMBERS = 1 << 64
SMALLEST = -(1 << 63)


def share(file: File) -> float:
    """Return the share of all 64-bit numbers that a file covers of its run, in (0, 1].

    A file less than half full counts as a whole run: 1.
    """
    is_whole = file.rows < ROWS_PER_FILE // 2
    return 1.0 if is_whole else (file.high - file.low + 1) / NUMBERS


def level(file: File) -> int:
    """Return about how many times eight runs were joined into one to make a file's run."""
    return int(np.log(max(1.0, file.rows / share(file))) / np.log(MOST_RUNS))


def write_run(lake: Lake, table: Table, rows: Iterable[pa.Table]) -> list[AddAction]:
    """Write rows as files of about ``ROWS_PER_FILE`` rows each, without duplicates in a file."""
    return [write_file(lake, table, each_once(table, held)) for held in group_rows(rows)]


def group_rows(rows: Iterable[pa.Table]) -> Iterator[list[pa.Table]]:
    """Group tables of rows until a group has ``ROWS_PER_FILE`` rows; the last may have fewer."""
    held: list[pa.Table] = []
    for some in rows:
        held.append(some)
        if sum(map(len, held)) >= ROWS_PER_FILE:
            yield held
            held = []
    if any(map(len, held)):
        yield held


def each_once(table: Table, rows: Sequence[pa.Table]) -> pa.Table:
    """Concatenate tables of rows and drop duplicate rows."""
    return pa.concat_tables(rows).group_by(list(table.names)).aggregate([])


def write_file(lake: Lake, table: Table, rows: pa.Table) -> AddAction:
    """Write rows as a file below a table, sorted by the first column; readers see no change yet.

    Args:
        lake: the lake that has the table.
        table: an unpartitioned table whose first column holds 64-bit whole numbers.
        rows: the columns of ``table``, at least one row.

    Returns:
        The action that adds the file, for ``commit_runs``.
    """
    number = table.names[0]
    ordered = table.shaped(rows).sort_by(number)
    path, files = f"{uuid.uuid4()}.parquet", filesystem(lake.uri(table))
    with files.open_output_stream(path) as stream:
        pq.write_table(
            ordered,
            stream,
            row_group_size=ROWS_PER_GROUP,
            use_dictionary=list(table.names[1:]),
            write_statistics=[number],
            store_schema=False,
        )
    stats = json.dumps(statistics(ordered, [number]))
    size = int(files.get_file_info(path).size)
    return AddAction(path, size, {}, time.time_ns() // 1_000_000, True, stats)


def commit_runs(
    lake: Lake, table: Table, runs: Sequence[AddAction], done: log.Named, *, is_whole: bool = False
) -> None:
    """Add files to a table in one commit, then join runs of equal size if there are many.

    Args:
        lake: the lake that has the table; a missing table is created.
        table: as for ``write_file``.
        runs: files that ``write_file`` wrote.
        done: name and number that the commit records.
        is_whole: True to delete all other files of the table.
    """
    target = creation.create_table(lake, table)
    gone = list_files(target, table) if is_whole else []
    replace(target, table, runs, gone, done)
    join_runs(lake, table)


def replace(
    target: DeltaTable,
    table: Table,
    new: Sequence[AddAction],
    gone: Iterable[File],
    done: log.Named,
) -> None:
    """Add new files to an opened table and remove others, in one commit."""
    now = time.time_ns() // 1_000_000
    removed = [RemoveAction(file.path, True, now, file.size, {}) for file in gone]
    reach(f"before {table.path}")
    target.create_write_transaction(
        [*new, *removed],
        mode="append",
        schema=target.schema(),
        partition_by=[],
        commit_properties=log.named_transaction(done),
    )
    reach(f"after {table.path}")


def join_runs(lake: Lake, table: Table) -> None:
    """Join runs of equal size while there are ``MOST_RUNS`` of one size.

    Memory holds the rows of one file. If another process commits to the table first, this call
    stops, and a later call joins the runs.
    """
    opened = log.load(lake, table)
    by_level = sorted(list_files(opened, table), key=level)
    for runs_level, files in groupby(by_level, key=level):
        run = list(files)
        if sum(map(share, run)) >= MOST_RUNS:
            joined = [write_file(lake, table, rows) for rows in merge_files(lake, table, run)]
            try:
                replace(opened, table, joined, run, log.Named(f"join {runs_level}", time.time_ns()))
            except CommitFailedError:
                return
            return join_runs(lake, table)


def merge_files(lake: Lake, table: Table, files: Sequence[File]) -> Iterator[pa.Table]:
    """Yield the distinct rows of files, in ranges of numbers with about one file's rows each."""
    count = -(-sum(file.rows for file in files) // ROWS_PER_FILE)
    for number in range(count):
        low, high = (SMALLEST + NUMBERS * n // count for n in (number, number + 1))
        within = [f for f in files if f.low < high and f.high >= low]
        rows = [r for f in within for r in read_range(lake, table, f, low, high - 1)]
        if any(map(len, rows)):
            yield each_once(table, rows)
