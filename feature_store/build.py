"""Incremental build: recomputes the months of cells and features whose inputs changed.

A late sale of a closed month arrives here as a changed state of that month (ADR 13).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial
from typing import TYPE_CHECKING

import pyarrow as pa

from feature_store.cell_changes import changed_cells
from feature_store.cell_parts import Work, aged_parts, plain_parts
from feature_store.code_versions import (
    OF_CELLS_TABLE,
    built_by_newer,
    of_features_table,
    of_program,
)
from feature_store.earlier_records import take_over_cells
from feature_store.features import FeaturesTask
from feature_store.features_patch import features_of, opening_month, patched
from feature_store.lineage import (
    aged_digests,
    built_as_declared,
    cell_digests,
    feature_digests,
    stale,
)
from feature_store.touched import Touched, merged
from feature_store.work_units import drop_other_months, feature_pieces, month_states, stored_months
from features.group import FeatureGroup
from features.groups import feature_groups, split_by_age
from features.tables import features_table, monthly_table
from ingestion.lake_months import read_months
from lakehouse.delta import builds, creation, listing
from lakehouse.delta.months import patch_months, replace_months
from lakehouse.delta.parts import Part, discard_parts, of_table
from lakehouse.delta.states import Change
from lakehouse.delta.work import Piece, do_work
from lakehouse.errors import ConflictError, RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from lakehouse.table import Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HORIZON = 1
# Above this many touched keys, computing a whole month takes no longer than patching the month.
MANY_KEYS = 100_000
ATTEMPTS = 3


@dataclass
class Build:
    """One run of the build: cells first, then features of the target months after the cells.

    Attributes:
        lake: the lake whose tables are built.
        spark: function that returns the Spark session, starting one if necessary.
        history: the lake's months, which have cells.
        wanted: the months that this run may write; None: all months.
        rebuild: whether months whose inputs did not change are built too.
        touched: keys with changed cells; a process that builds repeatedly passes the same object
            to every run.
        written: table path → rows written by this run.
    """

    lake: Lake
    spark: "Callable[[], SparkSession]"
    history: MonthRange
    wanted: MonthRange | None = None
    rebuild: bool = False
    touched: Touched = field(default_factory=Touched)
    written: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, lake: Lake, spark: "Callable[[], SparkSession]") -> "Build":
        """Prepare a build of all months of a lake whose inputs changed."""
        return cls(lake, spark, read_months(lake).range)

    @property
    def targets(self) -> MonthRange:
        """The target months, which have features: the history shifted by one month."""
        return MonthRange(
            plus_months(self.history.first, 1), plus_months(self.history.last, HORIZON)
        )

    @cached_property
    def groups(self) -> tuple[FeatureGroup, ...]:
        """The declared groups, the group of pairs first."""
        return feature_groups(stored_profile(self.lake))

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
                drop_other_months(self.lake, self.groups, self.history, self.targets)
                self.cells()
                self.features()
            except ConflictError:
                if attempt + 1 == ATTEMPTS:
                    raise
                progress("another process wrote a table meanwhile: once more")
            else:
                self.rebuild = False
                if not self.is_due():
                    return

    def newer_program(self) -> str | None:
        """Return why the build must stop: a newer program built a table; None: go on.

        Otherwise two programs of different versions would rebuild the table in turns.
        """
        tables = (t(group) for group in self.groups for t in (monthly_table, features_table))
        return built_by_newer(self.lake, tables, of_program(self.groups))

    def is_due(self) -> bool:
        """Return whether any month of cells or features that this run may write is stale."""
        return bool(self.stale_cells()) or any(self.stale_features(g)[1] for g in self.groups)

    def stale_cells(self) -> set[date]:
        """Return the months whose cells must be aggregated again, in any group."""
        plain, aged = split_by_age(self.groups)
        stale_plain = self._stale_of(plain, cell_digests(self.lake, self.history))
        by_age = aged_digests(self.lake, self.history, self.groups)
        return stale_plain | self._stale_of(aged, by_age)

    def _stale_of(self, groups: Iterable[FeatureGroup], digests: dict[date, str]) -> set[date]:
        return {m for group in groups for m in self._stale(digests, monthly_table(group))}

    def cells(self) -> None:
        """Aggregate, for every group, the cells of months whose inputs changed."""
        take_over_cells(self.lake, self.groups, self.history)
        plain, aged = split_by_age(self.groups)
        self._cells_of(plain, cell_digests(self.lake, self.history), plain_parts)
        # Groups by item age aggregate the stored cells of other groups, which are now current.
        self._cells_of(aged, aged_digests(self.lake, self.history, self.groups), aged_parts)

    def _cells_of(
        self,
        groups: Sequence[FeatureGroup],
        digests: dict[date, str],
        make: Callable[[Work], list[Part]],
    ) -> None:
        months = sorted(self._stale_of(groups, digests))
        if not months:
            return
        progress("cells: %d months, %s to %s", len(months), months[0], months[-1])
        stored = {group: stored_months(self.lake, monthly_table(group)) for group in groups}
        parts = make(Work(self.lake, self.spark, self.history, groups, months))
        made_from = {month: digests[month] for month in months}
        for group in groups:
            self._replace_cells(group, stored[group], parts, made_from)

    def _replace_cells(
        self,
        group: FeatureGroup,
        stored: listing.Months,
        parts: list[Part],
        made_from: dict[date, str],
    ) -> None:
        """Replace the months whose cells differ from the stored cells; note the changed keys.

        Args:
            group: the group of the cells.
            stored: files and states of the stored months.
            parts: uncommitted files with the new cells; files of unchanged months are discarded.
            made_from: month → digest of the inputs of the new cells.
        """
        table = monthly_table(group)
        is_comparable = stored.files and creation.has_declared_columns(self.lake, table)
        changed: dict[date, pa.Table | None] = dict.fromkeys(made_from)
        if is_comparable and not self.rebuild:
            changed = changed_cells(self.lake, group, stored.files, parts, list(made_from))
        months = [m for m, keys in changed.items() if keys is None or len(keys)]
        discard_parts(
            self.lake, table, [p for p in of_table(parts, table) if p.month not in months]
        )
        change = Change(versions=OF_CELLS_TABLE)
        self._replace(table, months, parts, made_from, change)
        filled = {part.month for part in of_table(parts, table)}
        after = stored.states_after(months, filled, change.state)
        self.touched.note(
            group,
            {month: changed[month] for month in months},
            builds.read_digests(self.lake, features_table(group)),
            feature_digests(group, stored.states, self.history, self.targets),
            feature_digests(group, after, self.history, self.targets),
        )

    def features(self) -> None:
        """Compute the features of target months after changed cells, for every group.

        If the changed keys are known, only features of these keys are computed.
        """
        made_from: dict[FeatureGroup, dict[date, str]] = {}
        pieces: list[Piece] = []
        for group in self.groups:
            digests, months = self.stale_features(group)
            months = self._patch_features(group, months, digests)
            if months:
                progress("features of %s: %d months", group.name, len(months))
                made_from[group] = {month: digests[month] for month in months}
                opening = opening_month(self.lake, group, months[0], digests)
                pieces += feature_pieces(self.lake, group, months, opening, self.history)
        task = FeaturesTask(self.lake, self.groups, self.history)
        parts = do_work(self.spark, self.lake, pieces, task)
        for group, digests in made_from.items():
            change = Change(versions=of_features_table(group))
            self._replace(features_table(group), list(digests), parts, digests, change)

    def stale_features(self, group: FeatureGroup) -> tuple[dict[date, str], list[date]]:
        """Return each target month's digest of inputs, and the target months to compute again."""
        cells = month_states(self.lake, monthly_table(group))
        digests = feature_digests(group, cells, self.history, self.targets)
        return digests, self._stale(digests, features_table(group))

    def _patch_features(
        self, group: FeatureGroup, months: list[date], digests: dict[date, str]
    ) -> list[date]:
        """Recompute only the touched keys of months where the keys are known.

        Returns:
            The months that must be computed for all keys: the touched keys are unknown or too many.
        """
        if self.rebuild:
            return months
        built = builds.read_digests(self.lake, features_table(group))
        touched = {m: self.touched.keys(group, m, built.get(m), digests[m]) for m in months}
        known = {
            m: keys for m, keys in touched.items() if keys is not None and len(keys) <= MANY_KEYS
        }
        if known:
            keys = merged(list(known.values()))
            progress("features of %s: %d keys, %d months", group.name, len(keys), len(known))
            opening = opening_month(self.lake, group, min(known), digests)
            computed = features_of(self.lake, group, keys, list(known), opening, self.history)
            self.written[features_table(group).path] = patch_months(
                self.lake,
                features_table(group),
                list(known),
                partial(patched, keys=keys, computed=computed),
                {month: digests[month] for month in known},
                Change(versions=of_features_table(group)),
            )
        return [month for month in months if month not in known]

    def _replace(
        self,
        table: Table,
        months: list[date],
        parts: list[Part],
        made_from: dict[date, str],
        change: Change,
    ) -> None:
        is_whole = months in (list(self.history), list(self.targets))
        self.written[table.path] = replace_months(
            self.lake, table, months, parts, made_from, is_whole=is_whole, change=change
        )

    def _stale(self, digests: dict[date, str], table: Table) -> list[date]:
        is_redone = self.rebuild and table.path not in self.written
        built = {} if is_redone else built_as_declared(self.lake, table)
        months = stale(digests, built)
        return [month for month in months if self.wanted is None or month in self.wanted]
