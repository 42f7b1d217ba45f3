"""Admission: a load's control figures, computed before the load is committed to silver."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.json_records import read_records
from ingestion.sales.unlisted import LISTS, Listed, unlisted_figures
from lakehouse.delta.arrow import read_batches
from lakehouse.delta.parts import Part, of_table
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.profile.sales import Sales
from lakehouse.storage import filesystem
from lakehouse.table import Table
from lakehouse.tables.bronze import REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.silver import DAILY_SALES

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

    @property
    def figures(self) -> dict[str, Any]:
        """The counts as JSON fields of a result line."""
        return {"taken": self.taken, "rejected": self.rejected, "first_rejected": self.first}

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

    def add_sales(self, sales: pa.Table) -> None:
        """Count ``sales`` (column ``units``) with negative units as ingested returns."""
        self.taken += pc.sum(pc.less(sales["units"], Decimal(0))).as_py() or 0

    def add_rejected(self, values: pa.Array) -> None:
        """Count rejected records, raw JSON bytes, whose units look like returned units."""
        units = read_records(values, ("units",))[0]["units"]
        marked = units.filter(pc.fill_null(pc.match_substring_regex(units, RETURN_MARKS), False))
        self.rejected += len(marked)
        self.first += marked.slice(0, FIRST_TEXTS - len(self.first)).to_pylist()


@dataclass
class Load:
    """The parsed records of some files, before they are committed to silver.

    Attributes:
        lake: the lake that receives the records.
        names: the files' names by digest.
        limits: the profile's section with the shares of records and returns that may be rejected.
        unlisted: counts of live sales of unlisted shops and items, by ``shop_id``/``item_id``,
            then by id.
        rejected: counts of rejected records by file digest.
        returns: counts of returns, ingested and rejected.
    """

    lake: Lake
    names: Mapping[str, str]
    limits: Sales
    unlisted: dict[str, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name in LISTS}
    )
    rejected: Counter[str] = field(default_factory=Counter)
    returns: Returns = field(default_factory=Returns)

    def admit(self, parts: Sequence[Part]) -> None:
        """Check the data files written for silver, before they are committed.

        Raises:
            RefusedError: more of a file's records, or of the load's returns, are rejected than the
                profile allows; the data files are not committed. Correct the profile or the file,
                or raise the limit.
        """
        self.rejected.clear()
        self.returns = Returns()
        self._look_at_sales(of_table(parts, DAILY_SALES))
        self._look_at_rejected(of_table(parts, REJECTED_SALES))
        shares = self._shares()
        most = self.limits.most_rejected
        refused = {source: share for source, share in shares.items() if share > most}
        if refused:
            raise RefusedError(self._refusal(refused, of_table(parts, REJECTED_SALES)))
        if refusal := self.returns.refusal(self.limits.most_returns_rejected):
            raise RefusedError(f"{refusal} Silver is unchanged; ingest the files again.")

    @property
    def figures(self) -> dict[str, Any]:
        """The control figures as JSON fields of a result line."""
        return {"unlisted": unlisted_figures(self.unlisted), "returns": self.returns.figures}

    def _look_at_sales(self, parts: Sequence[Part]) -> None:
        listed = Listed.of(self.lake)
        columns = [*LISTS, "units", "is_cancelled"]
        for rows in read_columns(self.lake, DAILY_SALES, parts, columns):
            live = rows.filter(pc.invert(rows["is_cancelled"]))
            self.returns.add_sales(live)
            for name, counts in listed.count_unlisted(live).items():
                self.unlisted[name].update(counts)

    def _look_at_rejected(self, parts: Sequence[Part]) -> None:
        for rows in read_columns(self.lake, REJECTED_SALES, parts, ["source", "value"]):
            self.rejected.update(count_values(rows["source"]))
            self.returns.add_rejected(rows["value"].combine_chunks())

    def _shares(self) -> dict[str, float]:
        """Compute each file's share of rejected records; files without any are left out."""
        if not self.rejected:
            return {}
        received: Counter[str] = Counter()
        asked = [("source", "in", list(self.rejected))]
        for batch in read_batches(self.lake, SALES_EVENTS, ["source"], asked):
            received.update(count_values(batch["source"]))
        return {source: count / received[source] for source, count in self.rejected.items()}

    def _refusal(self, refused: Mapping[str, float], parts: Sequence[Part]) -> str:
        source, share = max(refused.items(), key=lambda refusal: refusal[1])
        most = self.limits.most_rejected
        reasons: Counter[str] = Counter()
        texts: list[str] = []
        for rows in read_columns(self.lake, REJECTED_SALES, parts, ["source", "reasons", "value"]):
            of_source = rows.filter(pc.equal(rows["source"], source))
            reasons.update(count_values(pc.list_flatten(of_source["reasons"])))
            first = of_source["value"].slice(0, FIRST_TEXTS - len(texts)).to_pylist()
            texts += [(text or b"").decode(errors="replace") for text in first]
        named = ", ".join(f"{count} {name}" for name, count in reasons.most_common(FIRST_TEXTS))
        more = f" and {len(refused) - 1} more files" if len(refused) > 1 else ""
        return (
            f"{self.names.get(source, source)}{more}: {self.rejected[source]} records, {share:.0%},"
            f" are rejected ({named}), more than [sales] most_rejected = {most} of "
            f"the profile allows; the first: {' '.join(texts)}. Silver is unchanged; correct the "
            "profile or the file and ingest it again, or raise most_rejected."
        )


def read_columns(
    lake: Lake, table: Table, parts: Sequence[Part], columns: Sequence[str]
) -> Iterator[pa.Table]:
    """Read columns of uncommitted data files, file by file."""
    files = filesystem(lake.uri(table))
    for part in parts:
        yield pq.read_table(part.path, columns=list(columns), filesystem=files, partitioning=None)


def count_values(values: pa.Array | pa.ChunkedArray) -> dict[str, int]:
    """Count how often each text occurs."""
    return {count["values"]: count["counts"] for count in pc.value_counts(values).to_pylist()}
