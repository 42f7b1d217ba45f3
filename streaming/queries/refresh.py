"""Refresh query: changed sales and catalogue → monthly cells → features, continuously.

The tables alone determine the work: each month of a derived table stores a digest of its inputs. A
killed process can simply be started again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from feature_store.build import Build
from feature_store.touched import Touched
from ingestion.lake_months import stored_months
from lakehouse.delta import log
from lakehouse.delta.work import Executor
from lakehouse.errors import ConflictError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from streaming.queries.metrics import RefreshMetrics
from streaming.queries.waiting import SOURCES, Waiting, seconds_waiting

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# A late sale makes many months stale. While recent months change too, the refresh computes at most
# STALE_MONTHS older months, and waits STALE_SECONDS before the next ones.
STALE_SECONDS = 15.0
STALE_MONTHS = 3
# Number of months before the open month whose features are refreshed at once, like the open month.
RECENT = 1


@dataclass
class Refresh:
    """Brings cells and features up to date with the sales and the catalogue.

    Attributes:
        lake: the lake that has the tables.
        spark: starts or returns the Spark session; called only for large amounts of work.
        metrics: the metrics to update after each refresh.
        touched: the keys changed since the features were computed, as known to this process.
        seen: versions of the tables ``SOURCES`` at the start of the last refresh.
        stale_months: months whose cells or features are still stale.
        waiting: the note of the changes that the features do not show yet.
        steps: what the last refresh computed: first and last target month, and the end time in
            seconds since 1970.
    """

    lake: Lake
    spark: "Callable[[], SparkSession]"
    metrics: RefreshMetrics
    touched: Touched = field(default_factory=Touched)
    seen: tuple[int, ...] = ()
    stale_months: tuple[date, ...] = ()
    steps: list[tuple[date, date, float]] = field(default_factory=list)
    waiting: Waiting = field(init=False)
    _computed: dict[date, float] = field(default_factory=dict)
    _turn: float = 0.0

    def __post_init__(self) -> None:
        self.waiting = Waiting(self.lake)
        self.metrics.lag_seconds.set_function(partial(seconds_waiting, self.lake))

    def __call__(self, *, is_last: bool = False) -> bool:
        """Refresh the cells and features that changed since the last call.

        Args:
            is_last: refresh all stale months in this call, not only recent ones.

        Returns:
            Whether there was work to do, also if a conflicting commit interrupted the refresh.
        """
        versions = self._versions()
        if not versions or (versions == self.seen and not self.stale_months):
            return False
        started = time.monotonic()
        is_quiet = versions == self.seen
        try:
            rows = self._refresh(is_quiet=is_quiet, is_last=is_last)
        except ConflictError as conflict:
            progress("refresh: %s", conflict)
            return True
        self.seen = versions
        self.metrics.record(rows, time.monotonic() - started, len(self.stale_months))
        return True

    def _versions(self) -> tuple[int, ...]:
        """Return the versions of the tables ``SOURCES``; empty while a table is missing."""
        if any(not log.exists(self.lake, table) for table in SOURCES):
            return ()
        return tuple(log.version(self.lake, table) for table in SOURCES)

    def _refresh(self, *, is_quiet: bool, is_last: bool) -> int:
        months = stored_months(self.lake)
        if months is None:
            self.waiting.note(self._versions(), ())
            return 0
        profile, executor = stored_profile(self.lake), Executor(self.spark)
        build = Build(self.lake, profile, executor, months.range, touched=self.touched)
        if newer := build.newer_program():
            progress("refresh: %s", newer)
            self.stale_months = ()
            return 0
        self.steps = []
        first = months.range.first if is_last else plus_months(months.open_month, -RECENT)
        self._step(build, MonthRange(max(first, months.range.first), build.targets.last))
        # Cells of older months alter recent features too; such recent months are then stale.
        self.stale_months = self._find_stale(build)
        if self.stale_months and (is_quiet or time.monotonic() - self._turn >= STALE_SECONDS):
            self._step(build, self._next())
            self.stale_months, self._turn = self._find_stale(build), time.monotonic()
        return sum(build.written.values())

    def _step(self, build: Build, months: MonthRange) -> None:
        """Bring the cells and features of some months up to date."""
        build.wanted = months
        build.cells()
        build.features()
        self.steps.append((months.first, months.last, time.time()))
        self._computed |= dict.fromkeys(months, time.monotonic())

    def _next(self) -> MonthRange:
        """Return the next stale months to compute, from the month computed longest ago."""
        first = min(self.stale_months, key=lambda month: (self._computed.get(month, 0.0), month))
        last = plus_months(first, STALE_MONTHS - 1)
        return MonthRange(first, min(last, self.stale_months[-1]))

    def _find_stale(self, build: Build) -> tuple[date, ...]:
        """Return the stale months of cells and features, and note these months for the metrics."""
        build.wanted, versions = None, self._versions()
        stale = build.stale_months()
        self.waiting.note(versions, stale)
        return tuple(sorted(stale))
