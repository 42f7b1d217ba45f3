"""Sampling of keys for a skew check, reproducible in every process."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from feature_store.stored_months import month_files
from feature_store.stored_rows import stored_rows
from features.group import FeatureGroup
from features.tables import features_table
from lakehouse.buckets import Bucket, bucket, count_for
from lakehouse.delta import listing
from lakehouse.lake import Lake

ALL = "all"


@dataclass(frozen=True)
class Draw:
    """A sample of every group's keys: one bucket by the text of the last key column.

    Consecutive seeds sample other buckets, and as many seeds as there are buckets sample all keys.

    Attributes:
        sample: approximate number of keys per group; None: all keys.
        seed: number of the sample, at least 0.
    """

    sample: int | None = None
    seed: int = 0

    def __str__(self) -> str:
        return ALL if self.sample is None else f"{self.sample} keys of a group, seed {self.seed}"

    def of(self, lake: Lake, group: FeatureGroup) -> Bucket:
        """Draw one bucket of a group's keys, skipping buckets without keys in the newest features.

        Returns:
            The bucket of all keys if no sample is wanted, or the group has no features yet or too
            few keys to sample.
        """
        files = month_files(lake, features_table(group))
        if self.sample is None or not files:
            return Bucket()
        latest = max(files)
        keys = listing.month_rows(lake, features_table(group))[latest]
        count = count_for(keys, self.sample)
        if count == 1:
            return Bucket()
        filled = sorted(filled_buckets(lake, group, files[latest], count))
        asked = self.seed % count
        return Bucket(next((number for number in filled if number >= asked), filled[0]), count)


def filled_buckets(lake: Lake, group: FeatureGroup, files: list[str], count: int) -> set[int]:
    """Return the numbers of the buckets that have a key in files of features.

    Args:
        lake: the lake that has the features.
        group: the group of the features.
        files: files of features, read one by one to save memory.
        count: number of buckets.
    """
    table, column = features_table(group), group.keys[-1]
    filled: set[int] = set()
    for path in files:
        texts = pc.unique(stored_rows(lake, table, {table.path: [path]}, [column])[column])
        filled |= {bucket(text, count) for text in texts.cast(pa.string()).to_pylist()}
    return filled
