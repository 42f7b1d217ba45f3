"""Daily sales → monthly cells and features of every group.

    python -m jobs.build_features --lake URI [--from YYYY-MM] [--through YYYY-MM] [--rebuild]

Reads silver daily_sales, daily_offers, shops, items, months. Writes silver monthly_<group> and
gold features_<group>, only the months whose inputs changed since they were last built.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial
from typing import Any

from pyspark.sql import DataFrame

from features.compute import compute
from features.group import FeatureGroup
from features.groups import feature_groups
from features.measure import stored_form
from features.tables import features_table, monthly_table
from jobs.cells import aggregated_cells, stored_cells
from jobs.command import Context, Job, add_lake_argument, lake_of, main, progress
from jobs.lineage import cell_digests, feature_digests, stale
from jobs.month_arguments import add_month_arguments, asked
from lakehouse.delta import log
from lakehouse.delta.months import Output, replace_months
from lakehouse.lake import Lake
from lakehouse.lake_months import read_months
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.table import Table

HORIZON = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    add_month_arguments(parser)
    parser.add_argument("--rebuild", action="store_true", help="also what did not change")


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Build what is stale."""
    lake = lake_of(context, arguments)
    history = read_months(lake).range
    targets = MonthRange(plus_months(history.first, 1), plus_months(history.last, HORIZON))
    wanted = asked(arguments, MonthRange(history.first, targets.last))
    build = Build(context, lake, history, targets, wanted, arguments.rebuild)
    build.cells()
    build.features()
    return {"rows": build.written}


@dataclass
class Build:
    """One run: cells first, then features of the target months after them.

    Attributes:
        context: session and settings.
        lake: what is built.
        history: the lake's months, which have cells.
        targets: the months that have features.
        wanted: the months that this run may touch.
        rebuild: whether what did not change is built too.
        written: rows written, by table.
    """

    context: Context
    lake: Lake
    history: MonthRange
    targets: MonthRange
    wanted: MonthRange
    rebuild: bool
    written: dict[str, int] = field(default_factory=dict)

    @cached_property
    def groups(self) -> tuple[FeatureGroup, ...]:
        """The declared groups, the pair's own first."""
        return feature_groups(self.lake.profile().target_clip)

    def cells(self) -> None:
        """Aggregate the months whose sales, offers or catalogue changed, for every group.

        Where that is every month, the features follow in the same pass over the cells.
        """
        digests = cell_digests(self.lake, self.history)
        changed = {m for group in self.groups for m in self._stale(digests, monthly_table(group))}
        months = sorted(changed)
        if not months:
            progress("cells: up to date")
            return
        progress("cells: %d months, %s to %s", len(months), months[0], months[-1])
        frames = aggregated_cells(self.context.spark, self.lake, self.groups, months)
        made_from = {month: digests[month] for month in months}

        def write(group: FeatureGroup) -> None:
            produce = partial(stored_form, measures=group.measures)
            is_whole = months == list(self.history)
            table = monthly_table(group)
            outputs = [Output(table, months, produce, lambda: made_from, is_whole)]
            if is_whole:
                outputs.append(self._features_output(group, list(self.targets), self.history))
            self._replace(frames[group.name], outputs)

        in_parallel(write, self.groups)
        for frame in frames.values():
            frame.unpersist()

    def features(self) -> None:
        """Compute the target months whose cells before them changed, for every group."""

        def write(group: FeatureGroup) -> None:
            digests = feature_digests(self.lake, group, self.history, self.targets)
            months = self._stale(digests, features_table(group))
            if months:
                progress("features of %s: %d months", group.name, len(months))
                first = self._opening_month(group, months[0])
                cells = stored_cells(self.context.spark, self.lake, group, first)
                history = MonthRange(first or self.history.first, self.history.last)
                self._replace(cells, [self._features_output(group, months, history)])

        in_parallel(write, self.groups)

    def _opening_month(self, group: FeatureGroup, first: date) -> date | None:
        """Return the month before which features stand for the cells; None: read all cells.

        They do where they are up to date; the time of a month then does not grow with history.
        """
        opening = plus_months(first, -group.lookback)
        digests = feature_digests(self.lake, group, self.history, self.targets)
        built = log.built(self.lake, features_table(group))
        is_current = opening in digests and built.get(opening) == digests[opening]
        return opening if is_current else None

    def _features_output(
        self, group: FeatureGroup, months: list[date], history: MonthRange
    ) -> Output:
        def made_from() -> dict[date, str]:
            digests = feature_digests(self.lake, group, self.history, self.targets)
            return {month: digests[month] for month in months}

        produce = partial(compute, history=history, months=months, group=group)
        is_whole = months == list(self.targets)
        return Output(features_table(group), months, produce, made_from, is_whole)

    def _replace(self, parts: DataFrame, outputs: list[Output]) -> None:
        written = replace_months(self.lake, parts, *outputs)
        for output, result in zip(outputs, written, strict=True):
            self.written[output.table.path] = result.rows

    def _stale(self, digests: dict[date, str], table: Table) -> list[date]:
        is_redone = self.rebuild and table.path not in self.written
        built = {} if is_redone else log.built(self.lake, table)
        return [month for month in stale(digests, built) if month in self.wanted]


def in_parallel(work: Callable[[FeatureGroup], None], groups: Sequence[FeatureGroup]) -> None:
    """Run the Spark jobs of several groups side by side: small ones leave cores idle."""
    with ThreadPoolExecutor(max_workers=3) as pool:
        list(pool.map(work, groups))


JOB = Job("build_features", "Build monthly cells and features of every group.", add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
