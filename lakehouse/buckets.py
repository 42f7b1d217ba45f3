"""Hash buckets: keys of a large table split by CRC-32, the same way in every process."""

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

# A file whose name has this label holds rows of one bucket only; other files may hold any rows.
LABEL = re.compile(r"bucket-(\d+)-of-(\d+)-")


def bucket(text: str, count: int) -> int:
    """Return the bucket number of a text, in [0, count)."""
    return zlib.crc32(text.encode()) % count


def count_for(rows: int, rows_per_bucket: int) -> int:
    """Return how many buckets to split rows into.

    The count is a power of two, so that each bucket of a smaller count is a union of whole buckets.
    """
    return 1 << max(0, (-(-rows // rows_per_bucket) - 1).bit_length())


@dataclass(frozen=True)
class Bucket:
    """A hash bucket: a fixed share of the values of a text column.

    Attributes:
        number: bucket number, from 0.
        count: number of buckets, a power of two.
    """

    number: int = 0
    count: int = 1

    @property
    def label(self) -> str:
        """The prefix of names of files that hold this bucket only; empty for a single bucket."""
        return f"bucket-{self.number}-of-{self.count}-" if self.count > 1 else ""

    def keep(self, rows: pa.Table, column: str) -> pa.Table:
        """Keep the rows whose text in a column belongs to this bucket."""
        if self.count == 1 or not len(rows):
            return rows
        coded = rows[column].dictionary_encode().unify_dictionaries().combine_chunks()
        texts = coded.dictionary.to_pylist()
        is_mine = pa.array([bucket(text, self.count) == self.number for text in texts], pa.bool_())
        return rows.filter(is_mine.take(coded.indices))

    def files(self, paths: Iterable[str]) -> list[str]:
        """Keep the files that may hold rows of this bucket, judging by their names."""
        return [path for path in paths if self._may_be_in(path)]

    def parts(self, count: int) -> Iterator["Bucket"]:
        """Split this bucket into ``count`` smaller buckets; ``count`` is a power of two."""
        for number in range(count):
            yield Bucket(self.number + number * self.count, self.count * count)

    def has_all_of(self, path: str) -> bool:
        """Return whether a file's name shows that the file holds rows of this bucket only."""
        label = LABEL.search(path)
        number, count = map(int, label.groups()) if label else (0, 1)
        return count >= self.count and number % self.count == self.number

    def _may_be_in(self, path: str) -> bool:
        label = LABEL.search(path)
        if label is None:
            return True
        number, count = map(int, label.groups())
        fewer = min(count, self.count)
        return number % fewer == self.number % fewer


EVERY = Bucket()


def label_of(path: str) -> str:
    """Return the bucket label in a file's name; empty if the name has no label."""
    label = LABEL.search(path)
    return label.group() if label else ""


def is_by_bucket(paths: Sequence[str]) -> bool:
    """Return whether every file is labelled with a different bucket of one and the same count."""
    matches = [LABEL.search(path) for path in paths]
    labels = {tuple(map(int, label.groups())) for label in matches if label}
    return len(labels) == len(paths) and len({count for _, count in labels}) == 1


def split(rows: pa.Table, column: str, count: int) -> Iterable[tuple[Bucket, pa.Table]]:
    """Split rows by the bucket of a column's texts, leaving out empty buckets."""
    for number in range(count):
        part = Bucket(number, count)
        of_bucket = part.keep(rows, column)
        if len(of_bucket):
            yield part, of_bucket
