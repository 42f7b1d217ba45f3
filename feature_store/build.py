"""Incremental build: recomputes the months of cells and features whose inputs changed.

A late sale of a closed month arrives here as a changed state of that month (ADR 13).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from feature_store.build_scope import BuildScope
from feature_store.cell_build import build_cells, stale_cells
from feature_store.code_versions import built_by_newer, of_program
from feature_store.feature_build import build_features, stale_features
from features.tables import features_table, monthly_table
from ingestion.lake_months import read_months
from lakehouse.delta.months import drop_months
from lakehouse.delta.work import Executor
from lakehouse.errors import ConflictError, RefusedError
from lakehouse.lake import Lake
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ATTEMPTS = 3


@dataclass
class Build(BuildScope):
    """One run of the build: cells first, then features of the target months after the cells."""

    @classmethod
    def of(cls, lake: Lake, spark: "Callable[[], SparkSession]") -> "Build":
        """Prepare a build of all months of a lake whose inputs changed.

        Args:
            lake: the lake to build.
            spark: returns the Spark session, starting it if necessary.
        """
        return cls(lake, stored_profile(lake), Executor(spark), read_months(lake).range)

    def run(self) -> None:
        """Build all stale months, at most ``ATTEMPTS`` times while other processes write tables.

        Raises:
            ConflictError: another process wrote the same tables during every attempt; run again.
            RefusedError: a newer program built one of the tables; run the newer program.
        """
        if newer := self.newer_program():
            raise RefusedError(newer)
        for attempt in range(ATTEMPTS):
            try:
                self.drop_other_months()
                self.cells()
                self.features()
            except ConflictError:
                if attempt + 1 == ATTEMPTS:
                    raise
                progress("another process wrote a table meanwhile: once more")
            else:
                self.rebuild = False
                if not self.stale_months():
                    return

    def newer_program(self) -> str | None:
        """Return why the build must stop: a newer program built a table; None: go on.

        Otherwise two programs of different versions would rebuild the table in turns.
        """
        tables = (t(group) for group in self.groups for t in (monthly_table, features_table))
        return built_by_newer(self.lake, tables, of_program(self.groups))

    def stale_months(self) -> set[date]:
        """Return the months of cells or features that this run may write and that are stale."""
        features = (m for group in self.groups for m in stale_features(self, group).months)
        return self.stale_cells().union(features)

    def stale_cells(self) -> set[date]:
        """Return the months whose cells must be aggregated again, in any group."""
        return stale_cells(self)

    def drop_other_months(self) -> None:
        """Delete the cells and features of months that the lake no longer has."""
        for group in self.groups:
            drop_months(self.lake, monthly_table(group), self.history)
            drop_months(self.lake, features_table(group), self.targets)

    def cells(self) -> None:
        """Aggregate, for every group, the cells of months whose inputs changed."""
        build_cells(self)

    def features(self) -> None:
        """Compute the features of target months after changed cells, for every group."""
        build_features(self)
