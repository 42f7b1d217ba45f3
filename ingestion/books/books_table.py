"""Reports of books and control figures: lines for the terminal, fields of the result line."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ingestion.books.books import ENDS, Book
from ingestion.books.control import Comparison
from ingestion.files.sources import Source
from ingestion.sales.admission import Returns
from ingestion.sales.unlisted import Counts, unlisted_figures
from lakehouse.progress import progress

TITLES = "%-28s %11s" + " %11s" * len(ENDS)
ROW = "%-28s %11d" + " %11d" * len(ENDS)
FIRST_FAULTS = 20


def show_books(books: Sequence[Book], sources: Sequence[Source]) -> None:
    """Print each file's records per end, and rejected records per broken check.

    Args:
        books: one book per file.
        sources: the files, in the order of ``books``.
    """
    progress(TITLES, "file", "received", *ENDS)
    for book, source in zip(books, sources, strict=True):
        progress(ROW, source.name, book.received, *(getattr(book, end) for end in ENDS))
        for reason, count in sorted(book.reasons.items()):
            progress("%-28s %11d rejected: %s", "", count, reason)


def books_figures(books: Sequence[Book]) -> dict[str, Any]:
    """Sum books into fields of the result line."""
    reasons = sum((Counter(book.reasons) for book in books), Counter[str]())
    totals = {name: sum(getattr(book, name) for book in books) for name in ("received", *ENDS)}
    return {
        **totals,
        "rejected_share": round(totals["rejected"] / max(totals["received"], 1), 5),
        "rejected_by_reason": dict(sorted(reasons.items())),
    }


def show_load(unlisted: Counts, returns: Returns) -> None:
    """Print a load's sales of unlisted shops and items, and a load's rejected returns.

    Args:
        unlisted: counts of sales of unlisted shops and items, by id.
        returns: counts of returns, ingested and rejected.
    """
    for name, found in unlisted_figures(unlisted).items():
        if found["sales"]:
            first = ", ".join(found["first"])
            progress(
                "%d sales name %d values of %s that no list knows: %s",
                found["sales"], found["ids"], name, first,
            )  # fmt: skip
    if returns.rejected:
        progress(
            "%d records of returns are rejected and %d taken in; the first rejected: %s",
            returns.rejected, returns.taken, ", ".join(returns.first),
        )  # fmt: skip


def control_figures(found: Comparison) -> dict[str, Any]:
    """Print the shop-days that differ from the control file; return result fields with counts."""
    faults = [
        *(f"differs: {fault}" for fault in found.disagree),
        *(f"missing in the lake: {fault}" for fault in found.missing_here),
        *(f"missing in the control file: {fault}" for fault in found.missing_there),
    ]
    for fault in faults:
        progress("control: %s", fault)
    counts = {name: len(days) for name, days in asdict(found).items() if name != "agree"}
    return {"control": {"agree": found.agree, **counts, "first": faults[:FIRST_FAULTS]}}
