"""Row-by-row comparison of stored rows with rebuilt rows: counts of differences per column."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.encoding import encode
from lakehouse.types import CODED

RowNumbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Counts:
    """Counts of differences between a column's stored values and rebuilt values.

    Attributes:
        compared: number of rows both stored and rebuilt.
        missing: number of rows rebuilt but not stored.
        extra: number of rows stored but not rebuilt, including second rows of a key.
        mismatched: number of compared rows with different values; null equals null.
        example: description of one missing, extra or mismatched row; None: no difference.
    """

    compared: int = 0
    missing: int = 0
    extra: int = 0
    mismatched: int = 0
    example: str | None = None

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.compared + other.compared,
            self.missing + other.missing,
            self.extra + other.extra,
            self.mismatched + other.mismatched,
            self.example or other.example,
        )

    @property
    def is_skew(self) -> bool:
        """Whether any row is missing, extra or mismatched."""
        return bool(self.missing or self.extra or self.mismatched)


def compare(
    rebuilt: pa.Table,
    stored: pa.Table,
    keys: Sequence[str],
    columns: Sequence[str],
    month: str,
) -> dict[str, Counts]:
    """Compare the stored rows of a month with rebuilt rows, value by value.

    Args:
        rebuilt: ``[*keys, *columns]``, unique on keys.
        stored: ``[*keys, *columns]``; a key may wrongly have several rows.
        keys: the key columns.
        columns: the columns to compare.
        month: text of the month, for examples.

    Returns:
        Column → counts.
    """
    pairs = match_rows(*(encode_keys(rows, keys) for rows in (rebuilt, stored)))
    missing = np.setdiff1d(np.arange(len(rebuilt)), pairs.rebuilt)
    absent = example(rebuilt, keys, missing, f"{month} is not stored")
    odd = absent or example(stored, keys, pairs.extra, f"{month} is stored and should not be")
    counts = {}
    for name in columns:
        wanted = rebuilt[name].take(pa.array(pairs.rebuilt))
        value = stored[name].take(pa.array(pairs.stored))
        differ = np.flatnonzero(differs(value, wanted))
        both = [f"{month} is {value[n]} and should be {wanted[n]}" for n in differ[:1].tolist()]
        wrong = example(rebuilt, keys, pairs.rebuilt[differ], "".join(both))
        counts[name] = Counts(
            len(pairs.rebuilt), len(missing), len(pairs.extra), len(differ), wrong or odd
        )
    return counts


def encode_keys(rows: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Return the key columns of rows, dictionary-encoded."""
    return pa.table({name: rows[name].cast(CODED) for name in keys})


@dataclass(frozen=True)
class RowPairs:
    """Row numbers of rebuilt and stored rows with the same key.

    Attributes:
        rebuilt: rows of the rebuild that are stored.
        stored: the stored rows of the same keys, in the same order.
        extra: the remaining stored rows.
    """

    rebuilt: RowNumbers
    stored: RowNumbers
    extra: RowNumbers


def match_rows(rebuilt: pa.Table, stored: pa.Table) -> RowPairs:
    """Match rebuilt and stored rows by key.

    Args:
        rebuilt: the key columns, unique.
        stored: the key columns.
    """
    codes, _ = encode(pa.concat_tables([rebuilt, stored]))
    first, second = codes[: len(rebuilt)], codes[len(rebuilt) :]
    _, of_rebuilt, of_stored = np.intersect1d(first, second, return_indices=True)
    return RowPairs(of_rebuilt, of_stored, np.setdiff1d(np.arange(len(stored)), of_stored))


def differs(some: pa.ChunkedArray, others: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Mark the rows whose two values differ; null equals null."""
    is_same = pc.fill_null(pc.equal(some, others), False)
    are_null = pc.and_(pc.is_null(some), pc.is_null(others))
    is_different: npt.NDArray[np.bool_] = pc.invert(pc.or_(is_same, are_null)).to_numpy()
    return is_different


def example(rows: pa.Table, keys: Sequence[str], numbers: RowNumbers, what: str) -> str | None:
    """Describe the first of some rows; None if there are no rows.

    Args:
        rows: rows with the key columns.
        keys: the key columns.
        numbers: row numbers.
        what: text after the key.
    """
    if not len(numbers):
        return None
    key = ", ".join(f"{name} {rows[name][numbers[0]]}" for name in keys)
    return f"{key}: {what}"
