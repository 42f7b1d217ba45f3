"""Two states of a table's rows → how many differ, by column."""

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
    """How a column's stored values compare with those that should be there.

    Attributes:
        compared: rows that both have.
        missing: rows that are not stored.
        extra: rows that should not be stored, a second row of a key among them.
        mismatched: of those compared, rows whose values are not the same; null equals null.
        example: one row that is missing, extra or mismatched; None: there is none.
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
        """Whether anything differs."""
        return bool(self.missing or self.extra or self.mismatched)


def compare(
    rebuilt: pa.Table,
    stored: pa.Table,
    keys: Sequence[str],
    columns: Sequence[str],
    month: str,
) -> dict[str, Counts]:
    """Compare the stored rows of a month with rebuilt ones, value by value.

    Args:
        rebuilt: ``[*keys, *columns]``, unique on keys.
        stored: the same columns.
        keys: the key columns.
        columns: what is compared.
        month: named in examples.

    Returns:
        Column → its counts.
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
    """Take the key columns, dictionary-encoded."""
    return pa.table({name: rows[name].cast(CODED) for name in keys})


def matched(rebuilt: pa.Table, stored: pa.Table) -> tuple[Places, Places, Places]:
    """Find the rows of the same keys.

    Args:
        rebuilt: key columns, unique.
        stored: the same columns.

    Returns:
        The places of the keys that both have, in one and in the other, and the places in the
        other of the rows that are left.
    """
    codes, _ = encode(pa.concat_tables([rebuilt, stored]))
    here, there = codes[: len(rebuilt)], codes[len(rebuilt) :]
    _, mine, its = np.intersect1d(here, there, return_indices=True)
    return mine, its, np.setdiff1d(np.arange(len(stored)), its)


def differs(some: pa.ChunkedArray, others: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Say which values are not the same; null is the same as null."""
    is_same = pc.fill_null(pc.equal(some, others), False)
    are_null = pc.and_(pc.is_null(some), pc.is_null(others))
    found: npt.NDArray[np.bool_] = pc.invert(pc.or_(is_same, are_null)).to_numpy()
    return found


def example(rows: pa.Table, keys: Sequence[str], places: Places, what: str) -> str | None:
    """Describe the first of some rows; None: there are none."""
    if not len(places):
        return None
    key = ", ".join(f"{name} {rows[name][places[0]]}" for name in keys)
    return f"{key}: {what}"
