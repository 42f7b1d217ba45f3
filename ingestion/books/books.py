"""The books of a source: records received against records counted in each table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lakehouse.errors import BooksError

ENDS = ("live", "tombstones", "superseded", "not_a_sale", "rejected")


@dataclass(frozen=True)
class Book:
    """The reconciliation of one source: records received, and records per end.

    A record's end is where the record is counted: ``ENDS``, or erased.

    Attributes:
        source: digest of the source file.
        received: records received, in bronze.sales_events or erased from the table.
        live: newest versions of sales, not cancelled, in silver.daily_sales.
        tombstones: newest versions of sales, cancelled, in silver.daily_sales.
        superseded: records of sales that a newer record replaced; stored in no silver table.
        not_a_sale: offers, in silver.daily_offers, and records of offers that were replaced.
        rejected: records in bronze.rejected_sales.
        erased: records erased from the lake, as counted in bronze.erasures.
        reasons: rejected records by broken check; a record may break several.
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
        """Number of received records found at no end; negative if records are counted twice."""
        return self.received - self.erased - sum(int(getattr(self, end)) for end in ENDS)


def require_balance(books: Iterable[Book]) -> None:
    """Check that each source's books balance.

    Raises:
        BooksError: records of a source are lost or counted twice; run the command again, and if
            the difference stays, rebuild the lake from the files.
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
