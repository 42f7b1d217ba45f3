"""Files of sorted runs: the numbers that each file covers, and look-ups of numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable

from lakehouse.delta import log
from lakehouse.lake import Lake
from lakehouse.storage import filesystem
from lakehouse.table import Table

Numbers = npt.NDArray[np.int64]
# Row groups read at once.
GROUPS = 64


@dataclass(frozen=True)
class File:
    """A file of a run.

    Attributes:
        path: path of the file below the table.
        size: bytes.
        rows: number of rows.
        low: smallest number in the first column.
        high: greatest number in the first column.
    """

    path: str
    size: int
    rows: int
    low: int
    high: int


def list_files(opened: DeltaTable, table: Table) -> list[File]:
    """List the files of an opened version, with the range of numbers in each."""
    actions = opened.get_add_actions(flatten=True)
    number = table.names[0]
    names = ("path", "size_bytes", "num_records", f"min.{number}", f"max.{number}")
    if not len(actions["path"]):
        return []
    columns = (actions[name].to_pylist() for name in names)
    return [File(*values) for values in zip(*columns, strict=True)]


def read_range(lake: Lake, table: Table, file: File, low: int, high: int) -> Iterator[pa.Table]:
    """Read the rows of a file whose numbers are in [low, high]."""
    number = pc.field(table.names[0])
    lows, highs = group_ranges(lake.uri(table), file.path)
    groups = np.flatnonzero((lows <= high) & (highs >= low))
    wanted = (number >= pa.scalar(low, pa.int64())) & (number <= pa.scalar(high, pa.int64()))
    for rows in read_groups(lake, table, file, groups):
        yield rows.filter(wanted)


def look_up(lake: Lake, table: Table, numbers: Numbers) -> Iterator[pa.Table]:
    """Read the rows whose first column has one of some numbers.

    Each number costs one row group per run. Memory holds ``GROUPS`` row groups.

    Args:
        lake: the lake that has the table.
        table: as for ``write_file``.
        numbers: int64, ascending.
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
    """Return the indices of the ranges [low, high] that contain at least one of sorted numbers."""
    first, end = np.searchsorted(numbers, lows), np.searchsorted(numbers, highs, "right")
    return np.flatnonzero(first < end)


def read_groups(
    lake: Lake, table: Table, file: File, groups: npt.NDArray[np.intp]
) -> Iterator[pa.Table]:
    """Read row groups of a file, ``GROUPS`` at once."""
    if not len(groups):
        return
    with pq.ParquetFile(filesystem(lake.uri(table)).open_input_file(file.path)) as opened:
        for start in range(0, len(groups), GROUPS):
            some = groups[start : start + GROUPS].tolist()
            yield opened.read_row_groups(some, use_threads=False).select(list(table.names))


@lru_cache(maxsize=1024)
def group_ranges(uri: str, path: str) -> tuple[Numbers, Numbers]:
    """Return the smallest and the greatest number of each row group of a file.

    The result is cached, because a file never changes.
    """
    metadata = pq.read_metadata(path, filesystem=filesystem(uri))
    groups = (metadata.row_group(n).column(0).statistics for n in range(metadata.num_row_groups))
    ranges = [(group.min, group.max) for group in groups]
    lows, highs = np.array(ranges, np.int64).reshape(-1, 2).T
    return lows, highs
