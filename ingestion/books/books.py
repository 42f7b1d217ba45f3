"""The books of a source: every record received is found in a table, or the books do not balance."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lakehouse.errors import BooksError

ENDS = ("live", "tombstones", "superseded", "not_a_sale", "rejected")


@dataclass(frozen=True)
class Book:
    """What came of the records of one source, each end counted where it is stored.

    ``erased`` are records that were taken out of the lake, as bronze.erasures counts them.
    """

    source: str
    received: int = 0
    live: int = 0
    tombstones: int = 0
    superseded: int = 0
    not_a_sale: int = 0
    rejected: int = 0
    erased: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def difference(self) -> int:
        """Records received that came out nowhere; negative: that came out twice."""
        return self.received - self.erased - sum(int(getattr(self, end)) for end in ENDS)


def require_balance(books: Iterable[Book]) -> None:
    """Check that the books balance.

    Raises:
        BooksError: records of a source are lost or doubled.
    """
    for book in books:
        if book.difference:
            ends = " + ".join(f"{getattr(book, end)} {end}" for end in ENDS)
            raise BooksError(
                f"source {book.source}: {book.received} records received differ by "
                f"{book.difference} from {ends} + {book.erased} erased; the source is not recorded "
                "as ingested. Run the command again; if it stays so, rebuild the lake from its "
                "files."
            )
