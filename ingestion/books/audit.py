"""The audit: every record received from files is looked up among what is stored."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.types import COUNT, TEXT

# A file's records all have the partition 0.
KEY = ("source", "offset")


@dataclass
class Tally:
    """The stored records of one source: how many came to each end, and which were seen.

    ``seen`` has a byte per record number.
    """

    ends: Counter[str] = field(default_factory=Counter)
    seen: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))

    def add(self, end: str, offsets: npt.NDArray[np.int64]) -> None:
        """Take in records that came to an end."""
        self.ends[end] += len(offsets)
        length = int(offsets.max(initial=-1)) + 1
        if length > len(self.seen):
            self.seen = np.pad(self.seen, (0, max(length, 2 * len(self.seen)) - len(self.seen)))
        self.seen[offsets] = True

    def unseen(self, count: int) -> npt.NDArray[np.int64]:
        """Return the record numbers below a count that were not seen."""
        seen = self.seen[:count]
        return np.flatnonzero(~np.pad(seen, (0, count - len(seen))))

    @property
    def count(self) -> int:
        """The greatest record number seen, + 1."""
        numbers = np.flatnonzero(self.seen)
        return int(numbers[-1]) + 1 if len(numbers) else 0


class Audit(dict[str, Tally]):
    """The tallies of several sources."""

    def __init__(self, sources: Sequence[str]) -> None:
        super().__init__((source, Tally()) for source in sources)

    def add(self, end: str, batch: pa.RecordBatch) -> None:
        """Take in records that came to an end.

        Args:
            end: what they came to.
            batch: ``[*KEY]``, of any of the sources.
        """
        for source in pc.unique(batch["source"]).to_pylist():
            offsets = batch["offset"].filter(pc.equal(batch["source"], source))
            self[source].add(end, offsets.to_numpy(zero_copy_only=False))

    def unstored(self, received: "Audit") -> pa.Table:
        """List the records received that are stored nowhere: ``[*KEY]``."""
        parts = [
            pa.table({"source": pa.repeat(source, len(missing)), "offset": missing})
            for source, tally in self.items()
            if len(missing := tally.unseen(received[source].count))
        ]
        empty = pa.schema([("source", TEXT), ("offset", COUNT)]).empty_table()
        return pa.concat_tables([empty, *parts])


def replaced(
    records: pa.Table, stored: pa.Table, key: Sequence[str], order: Sequence[str]
) -> Counter[str]:
    """Count the records that a newer one of the same key replaced.

    Args:
        records: ``[source, *key, *order]``, records that are stored nowhere.
        stored: ``[*key, *order]``, unique on the key.
        key: what makes two records versions of the same.
        order: columns that decide which is newer, compared from the left.

    Returns:
        Their number by source.
    """
    newest = dict(zip(tuples(stored, key), tuples(stored, order), strict=True))
    versions = zip(
        records["source"].to_pylist(), tuples(records, key), tuples(records, order), strict=True
    )
    return Counter(
        source for source, sale, version in versions if sale in newest and newest[sale] > version
    )


def tuples(rows: pa.Table, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return some columns of each row."""
    return list(zip(*(rows[name].to_pylist() for name in names), strict=True))
