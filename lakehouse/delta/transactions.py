"""Bulk reader of a Delta log's application transactions: all names and their newest numbers.

delta-rs looks up one name at a time and reads the log each time: 400 names take 2 s when the log
has 90 commits after the last checkpoint (ADR 13). This module reads the newest checkpoint once, and
each later commit once.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow.parquet as pq
from deltalake import DeltaTable
from pyarrow.fs import FileSelector, FileSystem

from lakehouse.delta.commits import LOG, commit_lines
from lakehouse.storage import filesystem

CHECKPOINT = re.compile(r"(\d{20})\.checkpoint.*\.parquet")
TRANSACTION = b'{"txn"'


@dataclass(frozen=True)
class Numbers:
    """The newest number of each transaction name at one version of a table."""

    version: int
    by_name: Mapping[str, int]


# Cache by table: (URI, table id).
kept: dict[tuple[str, str], Numbers] = {}


def transaction_numbers(opened: DeltaTable, uri: str) -> Mapping[str, int]:
    """Return the newest number of every transaction name, up to an opened version.

    Args:
        opened: an opened version of the table.
        uri: the table's normal URI.
    """
    key, version = (uri, str(opened.metadata().id)), int(opened.version())
    numbers = kept.get(key)
    if numbers is None or numbers.version > version:
        numbers = Numbers(-1, {})
    if numbers.version < version:
        numbers = read_after(filesystem(uri), numbers, version)
        kept[key] = numbers
    return numbers.by_name


def read_after(files: FileSystem, earlier: Numbers, version: int) -> Numbers:
    """Add the numbers of later commits to known numbers.

    Args:
        files: the table's file system.
        earlier: numbers of an earlier version; of version -1: start at the newest checkpoint.
        version: the version to read up to.
    """
    numbers = dict(earlier.by_name)
    begin = earlier.version
    try:
        if begin < 0:
            begin, parts = newest_checkpoint(files, version)
            for path in parts:
                numbers.update(of_checkpoint(files, path))
        for number in range(begin + 1, version + 1):
            numbers.update(of_commit(files, number))
    except FileNotFoundError:
        # Delta deleted commits that a checkpoint replaced: start again at the newest checkpoint.
        if earlier.version < 0:
            raise
        return read_after(files, Numbers(-1, {}), version)
    return Numbers(version, numbers)


def newest_checkpoint(files: FileSystem, version: int) -> tuple[int, list[str]]:
    """Return the newest checkpoint's version (-1: none) up to a version, and its files."""
    listed = [info.path for info in files.get_file_info(FileSelector(LOG))]
    checkpoints = [(int(match[1]), path) for path in listed if (match := CHECKPOINT.search(path))]
    newest = max((number for number, _ in checkpoints if number <= version), default=-1)
    return newest, [path for number, path in checkpoints if number == newest]


def of_checkpoint(files: FileSystem, path: str) -> Iterator[tuple[str, int]]:
    """Yield the transaction names and numbers in a checkpoint file."""
    column = pq.read_table(path, columns=["txn"], filesystem=files)["txn"]
    for transaction in column.drop_null().to_pylist():
        yield transaction["appId"], transaction["version"]


def of_commit(files: FileSystem, version: int) -> Iterator[tuple[str, int]]:
    """Yield the transaction names and numbers in the commit that made a version."""
    for line in commit_lines(files, version):
        if line.startswith(TRANSACTION):
            transaction = json.loads(line)["txn"]
            yield transaction["appId"], transaction["version"]
