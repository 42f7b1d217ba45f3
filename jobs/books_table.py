"""Books of sources, as a table for a person and as figures of a result line."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from jobs.command import progress
from lakehouse.sales.books import ENDS, Book
from lakehouse.sources import Source

TITLES = "%-28s %11s" + " %11s" * len(ENDS)
ROW = "%-28s %11d" + " %11d" * len(ENDS)


def show_books(books: Sequence[Book], sources: Sequence[Source]) -> None:
    """Print what came of the records of each file, and why some were rejected.

    Args:
        books: of the files.
        sources: the files, in the same order.
    """
    progress(TITLES, "file", "received", *ENDS)
    for book, source in zip(books, sources, strict=True):
        progress(ROW, source.name, book.received, *(getattr(book, end) for end in ENDS))
        for reason, count in sorted(book.reasons.items()):
            progress("%-28s %11d rejected: %s", "", count, reason)


def books_figures(books: Sequence[Book]) -> dict[str, Any]:
    """Add books up for the result line."""
    reasons = sum((Counter(book.reasons) for book in books), Counter[str]())
    return {
        **{name: sum(getattr(book, name) for book in books) for name in ("received", *ENDS)},
        "rejected_by_reason": dict(sorted(reasons.items())),
    }
