"""Panel rows of some target months, to learn from or to forecast."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.feature_set import FeatureSet, panel_table
from lakehouse.delta import builds, listing, log, rows
from lakehouse.delta.states import NOTHING
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.table import Table

MOST_NAMED = 5


@dataclass(frozen=True)
class PanelRows:
    """The rows of a panel for some target months.

    Attributes:
        lake: the lake that has the panel.
        features: the model's columns.
        spine: ``assortment`` or ``grid``.
        months: the target months.
        horizon: months from the cutoff to the target month.
    """

    lake: Lake
    features: FeatureSet
    spine: str
    months: tuple[date, ...]
    horizon: int = 1

    @property
    def table(self) -> Table:
        """The table of the panel."""
        return panel_table(self.features, self.spine, self.horizon)

    def of(self, months: Iterable[date]) -> "PanelRows":
        """Return the same panel with other target months."""
        return replace(self, months=tuple(months))

    def files(self) -> dict[date, list[str]]:
        """Return the files of each month; an empty list for a month without rows.

        Raises:
            RefusedError: a month was not assembled; run jobs.build_panel.
        """
        stored = self._stored()
        absent = sorted(set(self.months) - set(stored))
        if absent:
            raise RefusedError(
                f"{self.table.path} lacks {name_months(absent)}; "
                f"run jobs.build_panel --spine {self.spine} --horizons {self.horizon}."
            )
        return {month: stored[month] for month in self.months}

    def assembled(self) -> list[date]:
        """List the months that were assembled and have rows."""
        return sorted(month for month, files in self._stored().items() if files)

    def empty_months(self) -> list[date]:
        """List the months that were assembled and have no rows, for example for lack of sales."""
        stored = self._stored()
        return [month for month in self.months if stored.get(month) == []]

    def _stored(self) -> dict[date, list[str]]:
        if not log.exists(self.lake, self.table):
            return {}
        # A month without rows has no file; only the build records show that it was assembled.
        built = builds.read_digests(self.lake, self.table)
        assembled = [month for month, digest in built.items() if digest != NOTHING]
        return {**{m: [] for m in assembled}, **listing.month_files(self.lake, self.table)}

    def frame(self, spark: SparkSession) -> DataFrame:
        """Read the rows of all months, with the columns of ``panel_table``.

        Raises:
            RefusedError: a month was not assembled; run jobs.build_panel.
        """
        self.files()
        return rows.read(spark, self.lake, self.table).where(F.col("month").isin([*self.months]))


def name_months(months: Sequence[date]) -> str:
    """List the first ``MOST_NAMED`` months as text, with the number of further months."""
    named = ", ".join(f"{month:%Y-%m}" for month in months[:MOST_NAMED])
    more = len(months) - MOST_NAMED
    return f"{named} and {more} more months" if more > 0 else named
