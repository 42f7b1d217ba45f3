"""Row-by-row comparison of stored rows with rebuilt rows: counts of differences per column."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from feature_store.stored_rows import CODED
from features.encoding import encode

Places = npt.NDArray[np.int64]


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
    mine, its, extra = matched(*(coded(rows, keys) for rows in (rebuilt, stored)))
    missing = np.setdiff1d(np.arange(len(rebuilt)), mine)
    absent = example(rebuilt, keys, missing, f"{month} is not stored")
    odd = absent or example(stored, keys, extra, f"{month} is stored and should not be")
    found = {}
    for name in columns:
        wanted, value = rebuilt[name].take(pa.array(mine)), stored[name].take(pa.array(its))
        differ = np.flatnonzero(differs(value, wanted))
        both = [f"{month} is {value[n]} and should be {wanted[n]}" for n in differ[:1].tolist()]
        wrong = example(rebuilt, keys, mine[differ], "".join(both))
        found[name] = Counts(len(mine), len(missing), len(extra), len(differ), wrong or odd)
    return found


def coded(rows: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Return the key columns of rows, dictionary-encoded."""
    return pa.table({name: rows[name].cast(CODED) for name in keys})


def matched(rebuilt: pa.Table, stored: pa.Table) -> tuple[Places, Places, Places]:
    """Match rebuilt and stored rows by key.

    Args:
        rebuilt: the key columns, unique.
        stored: the key columns.

    Returns:
        Three int64 arrays of row numbers: matched rows of ``rebuilt``, the matching rows of
        ``stored`` in the same order, and the remaining rows of ``stored``.
    """
    codes, _ = encode(pa.concat_tables([rebuilt, stored]))
    here, there = codes[: len(rebuilt)], codes[len(rebuilt) :]
    _, mine, its = np.intersect1d(here, there, return_indices=True)
    return mine, its, np.setdiff1d(np.arange(len(stored)), its)


def differs(some: pa.ChunkedArray, others: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Mark the rows whose two values differ; null equals null."""
    is_same = pc.fill_null(pc.equal(some, others), False)
    are_null = pc.and_(pc.is_null(some), pc.is_null(others))
    found: npt.NDArray[np.bool_] = pc.invert(pc.or_(is_same, are_null)).to_numpy()
    return found


def example(rows: pa.Table, keys: Sequence[str], places: Places, what: str) -> str | None:
    """Describe the first row among those at ``places``; None if ``places`` is empty.

    Args:
        rows: rows with the key columns.
        keys: the key columns.
        places: row numbers.
        what: text after the key.
    """
    if not len(places):
        return None
    key = ", ".join(f"{name} {rows[name][places[0]]}" for name in keys)
    return f"{key}: {what}"
