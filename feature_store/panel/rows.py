"""Panel rows to learn from or to forecast, and the arguments of the jobs that learn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.feature_set import FeatureSet, panel_table
from lakehouse.delta import log, rows
from lakehouse.delta.states import NOTHING
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.table import Table

MOST_NAMED = 5


@dataclass(frozen=True)
class PanelRows:
    """The rows of a panel for some target months.

    Attributes:
        lake: where the panel is.
        features: the model's columns.
        spine: ``assortment`` or ``grid``.
        months: the target months.
        horizon: months from the cutoff that features know to the target month.
    """

    lake: Lake
    features: FeatureSet
    spine: str
    months: tuple[date, ...]
    horizon: int = 1

    @property
    def table(self) -> Table:
        """The panel."""
        return panel_table(self.features, self.spine, self.horizon)

    def of(self, months: Iterable[date]) -> "PanelRows":
        """Return the rows of other months of the same panel."""
        return replace(self, months=tuple(months))

    def files(self) -> dict[date, list[str]]:
        """Return the files of every month, by month; none of a month that has no rows.

        Raises:
            RefusedError: a month was not assembled.
        """
        stored = self._stored()
        absent = sorted(set(self.months) - set(stored))
        if absent:
            raise RefusedError(
                f"{self.table.path} lacks {name_months(absent)}; "
                f"run jobs.build_panel --spine {self.spine} --horizons {self.horizon}."
            )
        return {month: stored[month] for month in self.months}

    def empty_months(self) -> list[date]:
        """List the months that were assembled and have no rows, as after a month without sales."""
        stored = self._stored()
        return [month for month in self.months if stored.get(month) == []]

    def _stored(self) -> dict[date, list[str]]:
        if not log.exists(self.lake, self.table):
            return {}
        # A month without rows has no file; that it was assembled is in the record of the builds.
        built = log.built(self.lake, self.table)
        assembled: dict[date, list[str]] = {m: [] for m, made in built.items() if made != NOTHING}
        return {**assembled, **log.month_files(self.lake, self.table)}

    def frame(self, spark: SparkSession) -> DataFrame:
        """Read the rows: the columns of ``panel_table``.

        Raises:
            RefusedError: a month was not assembled.
        """
        self.files()
        return rows.read(spark, self.lake, self.table).where(F.col("month").isin([*self.months]))


def name_months(months: Sequence[date]) -> str:
    """Name the first of some months, and how many more there are."""
    named = ", ".join(f"{month:%Y-%m}" for month in months[:MOST_NAMED])
    more = len(months) - MOST_NAMED
    return f"{named} and {more} more months" if more > 0 else named
