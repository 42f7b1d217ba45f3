"""Control figures of a load: sales of unlisted shops and items, and returned units."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.json_records import read_records
from ingestion.sales.unlisted import LISTS, Listed, UnlistedIds, summarize_unlisted

FIRST_TEXTS = 3
# A load with fewer returns is not judged by the share of rejected returns: chance decides it.
FEWEST_RETURNS = 20
# How tills write returned units: a sign or a bracket before or after, readable as a number or not.
RETURN_MARKS = r"^\s*[-−–(]|[-−–)]\s*$"


@dataclass
class Returns:
    """Counts of records with returned units: sales with negative units, and rejected records."""

    taken: int = 0
    rejected: int = 0
    first: list[str] = field(default_factory=list)

    def add_sales(self, sales: pa.Table) -> None:
        """Count ``sales`` (column ``units``) with negative units as ingested returns."""
        self.taken += pc.sum(pc.less(sales["units"], Decimal(0))).as_py() or 0

    def add_rejected(self, values: pa.Array) -> None:
        """Count rejected records, raw JSON bytes, whose units look like returned units."""
        units = read_records(values, ("units",))[0]["units"]
        marked = units.filter(pc.fill_null(pc.match_substring_regex(units, RETURN_MARKS), False))
        self.rejected += len(marked)
        self.first += marked.slice(0, FIRST_TEXTS - len(self.first)).to_pylist()

    def refusal(self, most_rejected: float) -> str | None:
        """Explain why an ingest refuses a load with these returns; None: the load is accepted.

        Sales without the returns that correct them are too high, and the returns are too few
        records to exceed the limit on a file's rejected records.

        Args:
            most_rejected: the share (0 to 1) of returns that may be rejected.
        """
        count = self.taken + self.rejected
        if count < FEWEST_RETURNS or self.rejected <= most_rejected * count:
            return None
        return (
            f"{self.rejected} of {count} records of returned units are rejected, more than [sales] "
            f"most_returns_rejected = {most_rejected} of the profile allows; the first rejected: "
            f"{', '.join(self.first)}. Declare the marks of numbers in [files] or the bounds of "
            "units in [sales.plausible], or raise most_returns_rejected."
        )


@dataclass
class ControlFigures:
    """The control figures of a load, counted table by table.

    Attributes:
        unlisted: counts of live sales of unlisted shops and items, by ``shop_id``/``item_id``,
            then by id.
        returns: counts of returns, ingested and rejected.
    """

    unlisted: Mapping[str, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name in LISTS}
    )
    returns: Returns = field(default_factory=Returns)

    def add_sales(self, live: pa.Table, listed: Listed) -> None:
        """Count live sales: ``[shop_id, item_id, units]``."""
        self.returns.add_sales(live)
        for name, counts in listed.count_unlisted(live).items():
            self.unlisted[name].update(counts)

    @property
    def unlisted_ids(self) -> dict[str, UnlistedIds]:
        """The unlisted ids of ``shop_id`` and ``item_id``, summed up."""
        return {name: summarize_unlisted(counts) for name, counts in self.unlisted.items()}
