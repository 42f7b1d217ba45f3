"""Totals of a skew check: the differences of all columns and tables, added up."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from feature_store.skew.results import SkewRow

WORST = 10


@dataclass(frozen=True)
class SkewTotals:
    """The differences between stored values and a rebuild.

    Attributes:
        compared: number of compared values, over all columns.
        mismatched: number of values that differ, over all columns.
        missing: number of rows that only the rebuild has, over all tables.
        extra: number of rows that only the stored tables have, over all tables.
        worst: ``table.column`` → differences; the ``WORST`` columns with the most.
        examples: at most ``WORST`` differences in words.
    """

    compared: int
    mismatched: int
    missing: int
    extra: int
    worst: Mapping[str, int]
    examples: Sequence[str]

    @classmethod
    def of(cls, rows: Sequence[SkewRow]) -> "SkewTotals":
        """Add up rows of gold.feature_skew; each row of a table has the counts of rows."""
        tables = {row.table: row for row in rows}.values()
        differences = {f"{r.table}.{r.column}": r.differences for r in rows if r.differences}
        examples = list(dict.fromkeys(row.example for row in rows if row.example))
        return cls(
            compared=sum(row.compared for row in rows),
            mismatched=sum(row.mismatched for row in rows),
            missing=sum(row.missing for row in tables),
            extra=sum(row.extra for row in tables),
            worst=dict(Counter(differences).most_common(WORST)),
            examples=examples[:WORST],
        )

    @property
    def sentence(self) -> str:
        """The differences in words, with the remedy; there must be differences."""
        return (
            f"of {self.compared} stored values {self.mismatched} differ from the rebuild, "
            f"{self.missing} rows are missing and {self.extra} too many, most in "
            f"{next(iter(self.worst))}; see gold/feature_skew and run jobs.build_features "
            "--rebuild."
        )
