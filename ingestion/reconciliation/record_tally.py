"""Tally of record numbers: records counted by end, and the list of unstored records."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.types import COUNT, TEXT

# A file's records all have the partition 0.
KEY = ("source", "offset")


@dataclass
class RecordTally:
    """The stored records of one source.

    Attributes:
        ends: number of records by end.
        seen: whether each record number was counted; a byte per record.
    """

    ends: Counter[str] = field(default_factory=Counter)
    seen: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))

    def add(self, end: str, offsets: npt.NDArray[np.int64]) -> None:
        """Count records of an end and mark their record numbers as seen."""
        self.ends[end] += len(offsets)
        length = int(offsets.max(initial=-1)) + 1
        if length > len(self.seen):
            self.seen = np.pad(self.seen, (0, max(length, 2 * len(self.seen)) - len(self.seen)))
        self.seen[offsets] = True

    def unseen(self, count: int) -> npt.NDArray[np.int64]:
        """List the record numbers from 0 to ``count`` - 1 that were not seen."""
        seen = self.seen[:count]
        return np.flatnonzero(~np.pad(seen, (0, count - len(seen))))

    @property
    def count(self) -> int:
        """The greatest record number seen plus 1; 0 if none was seen."""
        numbers = np.flatnonzero(self.seen)
        return int(numbers[-1]) + 1 if len(numbers) else 0


class RecordTallies(dict[str, RecordTally]):
    """The tally of each source, by the source's digest."""

    def __init__(self, sources: Sequence[str]) -> None:
        super().__init__((source, RecordTally()) for source in sources)

    def add(self, end: str, batch: pa.RecordBatch) -> None:
        """Count records of an end in the tallies of the records' sources.

        Args:
            end: the end of the records, such as ``live``.
            batch: ``[*KEY]``, of any of the sources.
        """
        for source in pc.unique(batch["source"]).to_pylist():
            offsets = batch["offset"].filter(pc.equal(batch["source"], source))
            self[source].add(end, offsets.to_numpy(zero_copy_only=False))

    def unstored(self, received: "RecordTallies") -> pa.Table:
        """List the received records that these tallies have not counted: ``[*KEY]``."""
        parts = [
            pa.table({"source": pa.repeat(source, len(missing)), "offset": missing})
            for source, tally in self.items()
            if len(missing := tally.unseen(received[source].count))
        ]
        empty = pa.schema([("source", TEXT), ("offset", COUNT)]).empty_table()
        return pa.concat_tables([empty, *parts])


def count_replaced(
    records: pa.Table, stored: pa.Table, key: Sequence[str], order: Sequence[str]
) -> Counter[str]:
    """Count the records that a newer stored record of the same key replaced.

    Args:
        records: ``[source, *key, *order]``, records that no silver table stores.
        stored: ``[*key, *order]``, unique on the key.
        key: columns that are equal in all versions of a sale or an offer.
        order: columns that decide which version is newer, compared from left to right.

    Returns:
        Number of replaced records by source.
    """
    newest = dict(zip(list_values(stored, key), list_values(stored, order), strict=True))
    sources = records["source"].to_pylist()
    versions = zip(sources, list_values(records, key), list_values(records, order), strict=True)
    return Counter(
        source for source, sale, version in versions if sale in newest and newest[sale] > version
    )


def list_values(rows: pa.Table, names: Sequence[str]) -> list[tuple[object, ...]]:
    """List the values of some columns as one tuple per row."""
    return list(zip(*(rows[name].to_pylist() for name in names), strict=True))
