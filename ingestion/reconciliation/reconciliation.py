"""Reconciliation of a file: records received against the records counted in each table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lakehouse.errors import ReconciliationError

ENDS = ("live", "tombstones", "superseded", "not_a_sale", "rejected")


@dataclass(frozen=True)
class FileReconciliation:
    """The reconciliation of one file: records received, and records per end.

    The end of a record is the one place that counts the record: ``ENDS``, or erased.

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
    def counts(self) -> dict[str, int]:
        """Number of records per end, in the order of ``ENDS``."""
        return {end: int(getattr(self, end)) for end in ENDS}

    @property
    def difference(self) -> int:
        """Number of received records found at no end; negative if records are counted twice."""
        return self.received - self.erased - sum(self.counts.values())


def require_balance(files: Iterable[FileReconciliation]) -> None:
    """Check that each received record of each file is counted once.

    Raises:
        ReconciliationError: records of a file are lost or counted twice; run the command again,
            and if the difference stays, rebuild the lake from the files.
    """
    for file in files:
        if file.difference:
            ends = " + ".join(f"{count} {end}" for end, count in file.counts.items())
            raise ReconciliationError(
                f"source {file.source}: {file.received} records received differ by "
                f"{file.difference} from {ends} + {file.erased} erased; the file is not recorded "
                "as ingested. Run the command again; if the difference stays, rebuild the lake "
                "from the files."
            )
