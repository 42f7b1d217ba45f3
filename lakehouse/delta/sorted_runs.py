"""Sorted runs: a table of numbers that is looked up in few reads, however large it is.

Each file is sorted by its first column, in row groups of few rows, so that a number is looked up by
reading one row group. A new file is a run of its own. Runs of about one size are joined when
there are ``MOST_RUNS`` of them, so that there are few runs, and a row is written again only as
often as the table has grown eightfold. A run is cut into files that memory can hold.
"""

import json
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction

from lakehouse.delta import log
from lakehouse.delta.files import statistics
from lakehouse.faults import reach
from lakehouse.lake import Lake
from lakehouse.storage import filesystem
from lakehouse.table import Table

Numbers = npt.NDArray[np.int64]
ROWS_PER_GROUP = 2048
ROWS_PER_FILE = 1 << 20
MOST_RUNS = 8
# Row groups that are read at once.
GROUPS = 64
NUMBERS = 1 << 64
SMALLEST = -(1 << 63)


@dataclass(frozen=True)
class File:
    """A file of a run: its place below the table, bytes, rows, and the range of its numbers."""

    path: str
    size: int
    rows: int
    low: int
    high: int

    @property
    def share(self) -> float:
        """The part of all numbers that its run has in this file: 1 where it is the whole run."""
        is_whole = self.rows < ROWS_PER_FILE // 2
        return 1.0 if is_whole else (self.high - self.low + 1) / NUMBERS

    @property
    def level(self) -> int:
        """How often eight runs were joined, about, to make its run."""
        return int(np.log(max(1.0, self.rows / self.share)) / np.log(MOST_RUNS))


def write_run(lake: Lake, table: Table, rows: Iterable[pa.Table]) -> list[AddAction]:
    """Write rows of a table, piece by piece, as files of ``ROWS_PER_FILE``, each once in a file."""
    return [write_file(lake, table, each_once(table, held)) for held in filled(rows)]


def filled(rows: Iterable[pa.Table]) -> Iterator[list[pa.Table]]:
    """Put rows together until they fill a file."""
    held: list[pa.Table] = []
    for some in rows:
        held.append(some)
        if sum(map(len, held)) >= ROWS_PER_FILE:
            yield held
            held = []
    if any(map(len, held)):
        yield held


def each_once(table: Table, rows: Sequence[pa.Table]) -> pa.Table:
    """Put rows together, equal ones once."""
    return pa.concat_tables(rows).group_by(list(table.names)).aggregate([])


def write_file(lake: Lake, table: Table, rows: pa.Table) -> AddAction:
    """Write rows below a table, sorted by its first column; they are seen when they are committed.

    Args:
        lake: where the table is.
        table: not partitioned; its first column is of whole numbers.
        rows: its columns, at least one row.
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
    """Add files to a table in one commit, and join runs of one size where there are many.

    Args:
        lake: where the table is.
        table: as for ``write_file``.
        runs: by ``write_file``.
        done: a transaction that the log remembers.
        is_whole: the files are all that the table shall hold.
    """
    target = log.create(lake, table)
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
    """Put files in the place of others by one commit."""
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


def list_files(opened: DeltaTable, table: Table) -> list[File]:
    """List the files of an opened version."""
    actions = opened.get_add_actions(flatten=True)
    number = table.names[0]
    names = ("path", "size_bytes", "num_records", f"min.{number}", f"max.{number}")
    if not len(actions["path"]):
        return []
    columns = (actions[name].to_pylist() for name in names)
    return [File(*values) for values in zip(*columns, strict=True)]


def join_runs(lake: Lake, table: Table) -> None:
    """Join runs of one size, where there are ``MOST_RUNS`` of them; memory holds one file's rows.

    Another process that does so at the same time goes before.
    """
    opened = log.load(lake, table)
    by_level = sorted(list_files(opened, table), key=lambda file: file.level)
    for level, files in groupby(by_level, key=lambda file: file.level):
        run = list(files)
        if sum(file.share for file in run) >= MOST_RUNS:
            joined = [write_file(lake, table, rows) for rows in merged(lake, table, run)]
            try:
                replace(opened, table, joined, run, log.Named(f"join {level}", time.time_ns()))
            except CommitFailedError:
                return
            return join_runs(lake, table)


def merged(lake: Lake, table: Table, files: Sequence[File]) -> Iterator[pa.Table]:
    """Read the rows of files, each row once, in ranges of numbers that one file can hold."""
    count = -(-sum(file.rows for file in files) // ROWS_PER_FILE)
    for piece in range(count):
        low, high = (SMALLEST + NUMBERS * n // count for n in (piece, piece + 1))
        within = [f for f in files if f.low < high and f.high >= low]
        rows = [r for f in within for r in read_range(lake, table, f, low, high - 1)]
        if any(map(len, rows)):
            yield each_once(table, rows)


def read_range(lake: Lake, table: Table, file: File, low: int, high: int) -> Iterator[pa.Table]:
    """Read the rows of a file whose numbers are from one to another."""
    number = pc.field(table.names[0])
    lows, highs = group_ranges(lake.uri(table), file.path)
    groups = np.flatnonzero((lows <= high) & (highs >= low))
    wanted = (number >= pa.scalar(low, pa.int64())) & (number <= pa.scalar(high, pa.int64()))
    for rows in read_groups(lake, table, file, groups):
        yield rows.filter(wanted)


def look_up(lake: Lake, table: Table, numbers: Numbers) -> Iterator[pa.Table]:
    """Read the rows that have one of some numbers in their first column.

    Of each run a number costs one row group. Memory holds ``GROUPS`` of them.

    Args:
        lake: where the table is.
        table: as for ``write_file``.
        numbers: sorted.
    """
    for file in list_files(log.load(lake, table), table):
        if not len(within(numbers, np.array([file.low]), np.array([file.high]))):
            continue
        groups = within(numbers, *group_ranges(lake.uri(table), file.path))
        for rows in read_groups(lake, table, file, groups):
            stored = rows[table.names[0]].to_numpy()
            places = np.searchsorted(numbers, stored).clip(max=len(numbers) - 1)
            yield rows.filter(pa.array(numbers[places] == stored))


def within(numbers: Numbers, lows: Numbers, highs: Numbers) -> npt.NDArray[np.intp]:
    """Return the places of the ranges that hold one of some sorted numbers."""
    first, end = np.searchsorted(numbers, lows), np.searchsorted(numbers, highs, "right")
    return np.flatnonzero(first < end)


def read_groups(
    lake: Lake, table: Table, file: File, groups: npt.NDArray[np.intp]
) -> Iterator[pa.Table]:
    """Read row groups of a file, some at once."""
    if not len(groups):
        return
    with pq.ParquetFile(filesystem(lake.uri(table)).open_input_file(file.path)) as opened:
        for start in range(0, len(groups), GROUPS):
            some = groups[start : start + GROUPS].tolist()
            yield opened.read_row_groups(some, use_threads=False).select(list(table.names))


@lru_cache(maxsize=1024)
def group_ranges(uri: str, path: str) -> tuple[Numbers, Numbers]:
    """Return the smallest and greatest number of each row group of a file, which never changes."""
    metadata = pq.read_metadata(path, filesystem=filesystem(uri))
    found: list[Any] = [
        metadata.row_group(group).column(0).statistics for group in range(metadata.num_row_groups)
    ]
    return (
        np.array([one.min for one in found], np.int64),
        np.array([one.max for one in found], np.int64),
    )
