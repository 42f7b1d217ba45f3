"""Piece of a file: the part that one task reads."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Piece:
    """The part of a file that one task reads, from ``start`` up to ``end``.

    Positions are bytes of a text file, row groups of a Parquet file.
    """

    start: int
    end: int
    first_row: int
    rows: int
