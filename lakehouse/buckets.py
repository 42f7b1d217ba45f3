"""Buckets: which part of a large table a key belongs to, the same in every process."""

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

# A file's name says which bucket of how many its rows are of; other files may hold any.
LABEL = re.compile(r"bucket-(\d+)-of-(\d+)-")


def bucket(text: str, count: int) -> int:
    """Number the bucket of a text, from 0."""
    return zlib.crc32(text.encode()) % count


def count_for(rows: int, rows_per_bucket: int) -> int:
    """Say into how many buckets rows are put: a power of two, so that fewer ones join whole."""
    return 1 << max(0, (-(-rows // rows_per_bucket) - 1).bit_length())


@dataclass(frozen=True)
class Bucket:
    """One of several parts of the values of a column.

    Attributes:
        number: from 0.
        count: a power of two.
    """

    number: int = 0
    count: int = 1

    @property
    def label(self) -> str:
        """The beginning of the names of files whose rows are all of this bucket."""
        return f"bucket-{self.number}-of-{self.count}-" if self.count > 1 else ""

    def keep(self, rows: pa.Table, column: str) -> pa.Table:
        """Keep the rows whose text in a column is of this bucket."""
        if self.count == 1 or not len(rows):
            return rows
        coded = rows[column].dictionary_encode().unify_dictionaries().combine_chunks()
        texts = coded.dictionary.to_pylist()
        is_mine = pa.array([bucket(text, self.count) == self.number for text in texts], pa.bool_())
        return rows.filter(is_mine.take(coded.indices))

    def files(self, paths: Iterable[str]) -> list[str]:
        """Keep the files that may hold rows of this bucket."""
        return [path for path in paths if self._may_be_in(path)]

    def parts(self, count: int) -> Iterator["Bucket"]:
        """Cut it into smaller ones, as many as a power of two says."""
        for number in range(count):
            yield Bucket(self.number + number * self.count, self.count * count)

    def has_all_of(self, path: str) -> bool:
        """Return whether a file's name says that all its rows are of this bucket."""
        found = LABEL.search(path)
        number, count = map(int, found.groups()) if found else (0, 1)
        return count >= self.count and number % self.count == self.number

    def _may_be_in(self, path: str) -> bool:
        found = LABEL.search(path)
        if found is None:
            return True
        number, count = map(int, found.groups())
        fewer = min(count, self.count)
        return number % fewer == self.number % fewer


EVERY = Bucket()


def label_of(path: str) -> str:
    """Return the beginning of a file's name that says which bucket its rows are of, if any."""
    found = LABEL.search(path)
    return found.group() if found else ""


def is_by_bucket(paths: Sequence[str]) -> bool:
    """Return whether no two of some files hold rows of one bucket."""
    found = [LABEL.search(path) for path in paths]
    labels = {tuple(map(int, label.groups())) for label in found if label}
    return len(labels) == len(paths) and len({count for _, count in labels}) == 1


def split(rows: pa.Table, column: str, count: int) -> Iterable[tuple[Bucket, pa.Table]]:
    """Split rows by the bucket of a column's texts, leaving out empty ones."""
    for number in range(count):
        part = Bucket(number, count)
        mine = part.keep(rows, column)
        if len(mine):
            yield part, mine
