"""Outcome of a publication, for the result line of the command."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """What a publication did.

    Attributes:
        target: address of the database, without user and password.
        copied: name of a table or collection → rows or documents copied.
        is_published: whether readers see another state than before.
        removed: number of superseded copies that were removed.
    """

    target: str
    copied: Mapping[str, int]
    is_published: bool
    removed: int
