"""Admission: a load is refused before silver changes if too many of its records are rejected."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.sales.control_figures import FIRST_TEXTS, ControlFigures
from ingestion.sales.unlisted import LISTS, Listed
from lakehouse.delta.arrow import read_batches
from lakehouse.delta.parts import DataFile, of_table
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.profile.sales import Sales
from lakehouse.storage import filesystem
from lakehouse.table import Table
from lakehouse.tables.bronze import REJECTED_SALES, SALES_EVENTS
from lakehouse.tables.silver import DAILY_SALES


@dataclass
class Load:
    """The parsed records of some files, before they are committed to silver.

    Attributes:
        lake: the lake that receives the records.
        names: the files' names by digest.
        limits: the profile's section with the shares of records and returns that may be rejected.
        figures: the load's control figures.
        rejected: counts of rejected records by file digest.
    """

    lake: Lake
    names: Mapping[str, str]
    limits: Sales
    figures: ControlFigures = field(default_factory=ControlFigures)
    rejected: Counter[str] = field(default_factory=Counter)

    def admit(self, parts: Sequence[DataFile]) -> None:
        """Check the data files written for silver, before they are committed.

        Raises:
            RefusedError: more of a file's records, or of the load's returns, are rejected than the
                profile allows; the data files are not committed. Correct the profile or the file,
                or raise the limit.
        """
        self.figures, self.rejected = ControlFigures(), Counter()
        rejected = of_table(parts, REJECTED_SALES)
        self._count_sales(of_table(parts, DAILY_SALES))
        self._count_rejected(rejected)
        most = self.limits.most_rejected
        shares = {source: share for source, share in self._shares().items() if share > most}
        if shares:
            raise RefusedError(self._refusal(shares, rejected))
        if refusal := self.figures.returns.refusal(self.limits.most_returns_rejected):
            raise RefusedError(f"{refusal} Silver is unchanged; ingest the files again.")

    def _count_sales(self, parts: Sequence[DataFile]) -> None:
        listed = Listed.of(self.lake)
        columns = [*LISTS, "units", "is_cancelled"]
        for rows in read_columns(self.lake, DAILY_SALES, parts, columns):
            self.figures.add_sales(rows.filter(pc.invert(rows["is_cancelled"])), listed)

    def _count_rejected(self, parts: Sequence[DataFile]) -> None:
        for rows in read_columns(self.lake, REJECTED_SALES, parts, ["source", "value"]):
            self.rejected.update(count_values(rows["source"]))
            self.figures.returns.add_rejected(rows["value"].combine_chunks())

    def _shares(self) -> dict[str, float]:
        """Compute each file's share of rejected records; files without any are left out."""
        if not self.rejected:
            return {}
        received: Counter[str] = Counter()
        sources = [("source", "in", list(self.rejected))]
        for batch in read_batches(self.lake, SALES_EVENTS, ["source"], sources):
            received.update(count_values(batch["source"]))
        return {source: count / received[source] for source, count in self.rejected.items()}

    def _refusal(self, shares: Mapping[str, float], parts: Sequence[DataFile]) -> str:
        """Write the error message: the worst file, its most frequent reasons, its first records.

        Args:
            shares: digest of each refused file → share of rejected records.
            parts: the data files of rejected records.
        """
        source = max(shares, key=lambda digest: shares[digest])
        reasons: Counter[str] = Counter()
        texts: list[str] = []
        for rows in read_columns(self.lake, REJECTED_SALES, parts, ["source", "reasons", "value"]):
            of_source = rows.filter(pc.equal(rows["source"], source))
            reasons.update(count_values(pc.list_flatten(of_source["reasons"])))
            first = of_source["value"].slice(0, FIRST_TEXTS - len(texts)).to_pylist()
            texts += [(text or b"").decode(errors="replace") for text in first]
        frequent = ", ".join(f"{count} {name}" for name, count in reasons.most_common(FIRST_TEXTS))
        more = f" and {len(shares) - 1} more files" if len(shares) > 1 else ""
        return (
            f"{self.names.get(source, source)}{more}: {self.rejected[source]} records, "
            f"{shares[source]:.0%}, are rejected ({frequent}), more than [sales] most_rejected = "
            f"{self.limits.most_rejected} of the profile allows; the first: {' '.join(texts)}. "
            "Silver is unchanged; correct the profile or the file and ingest the file again, or "
            "raise most_rejected."
        )


def read_columns(
    lake: Lake, table: Table, parts: Sequence[DataFile], columns: Sequence[str]
) -> Iterator[pa.Table]:
    """Read columns of uncommitted data files, file by file."""
    files = filesystem(lake.uri(table))
    for part in parts:
        yield pq.read_table(part.path, columns=list(columns), filesystem=files, partitioning=None)


def count_values(values: pa.Array | pa.ChunkedArray) -> dict[str, int]:
    """Count how often each text occurs."""
    return {count["values"]: count["counts"] for count in pc.value_counts(values).to_pylist()}
