"""Plan of a skew check: which months and sampled keys to compare; stale months are skipped."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from feature_store.age_groups import split_by_age
from feature_store.build_scope import BuildScope
from feature_store.lineage import aged_digests, cell_digests, feature_digests, stale
from feature_store.planning import ROWS_PER_BUCKET, item_buckets, only, pair_units
from feature_store.skew.sample import Draw
from feature_store.stored_months import month_files, month_states
from feature_store.units import ComparisonUnit, MonthUnit
from features.ages import ITEM_AGE
from features.group import FeatureGroup
from features.tables import ITEM_CELLS, features_table, monthly_table
from lakehouse.buckets import Bucket, count_for
from lakehouse.delta import builds, log
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, SHOPS


@dataclass(frozen=True)
class GroupPlan:
    """The months and keys of one group that a check compares.

    Attributes:
        group: the group.
        drawn: the sampled keys of the group.
        cells: months of cells to compare.
        features: target months of features to compare.
        stale_cells: months of cells that a build must recompute first; not compared.
        stale_features: target months of features that a build must recompute first; not compared.
    """

    group: FeatureGroup
    drawn: Bucket
    cells: tuple[date, ...]
    features: tuple[date, ...]
    stale_cells: tuple[date, ...]
    stale_features: tuple[date, ...]


@dataclass(frozen=True)
class SkewCheckPlan:
    """All that a check compares, planned from one consistent set of table versions.

    Attributes:
        history: the lake's months.
        groups: one plan per group.
        sales: units that aggregate the sales of the months needed.
        comparisons: units that each compare as many keys of a group as fit into a worker's memory.
        versions_read: table path → table version that the plan is based on.
    """

    history: MonthRange
    groups: tuple[GroupPlan, ...]
    sales: tuple[MonthUnit, ...]
    comparisons: tuple[ComparisonUnit, ...]
    versions_read: dict[str, int]

    @property
    def buckets(self) -> dict[str, list[tuple[int, Bucket]]]:
        """Group name → (position in ``comparisons``, bucket) of each of the group's units."""
        buckets: dict[str, list[tuple[int, Bucket]]] = defaultdict(list)
        for number, unit in enumerate(self.comparisons):
            buckets[unit.group].append((number, unit.bucket))
        return buckets

    @property
    def stale_months(self) -> set[date]:
        """The months that a build must recompute first, in any table."""
        return {m for plan in self.groups for m in (*plan.stale_cells, *plan.stale_features)}


def make_plan(lake: Lake, build: BuildScope, draw: Draw) -> SkewCheckPlan:
    """Plan a check, and repeat the planning if a table changed in the meantime.

    Args:
        lake: the lake to check.
        build: groups and months of the lake.
        draw: the sample of keys to compare.
    """
    read = versions(lake, build.groups)
    plain = cell_digests(lake, build.profile, build.history)
    by_age = wanted_by_age(lake, build, plain)
    aged = split_by_age(build.groups)[1]
    plans = tuple(
        plan_group(lake, build, group, by_age if group in aged else plain, draw.of(lake, group))
        for group in build.groups
    )
    needed = sorted({month for plan in plans for month in plan.cells})
    sales = tuple(pair_units(lake, needed, item_buckets(lake)))
    plan = SkewCheckPlan(build.history, plans, sales, tuple(comparison_units(lake, plans)), read)
    is_one_moment = versions(lake, build.groups) == read
    return plan if is_one_moment else make_plan(lake, build, draw)


def wanted_by_age(lake: Lake, build: BuildScope, plain: dict[date, str]) -> dict[date, str]:
    """Digest the inputs that current cells by item age are made from.

    Cells by item age are made from stored cells of pairs and items. From the first month with stale
    cells of pairs or items on, the digests are empty, so that cells by age count as stale too.

    Args:
        lake: the lake to check.
        build: groups and months of the lake.
        plain: month → digest of the inputs that current cells of pairs and items are made from.
    """
    digests = aged_digests(lake, build.groups, build.history)
    tables = (ITEM_CELLS, monthly_table(build.groups[0]))
    built = [
        builds.read_digests(lake, table) if log.exists(lake, table) else {} for table in tables
    ]
    behind = min((month for of in built for month in stale(plain, of)), default=date.max)
    return {month: digest if month < behind else "" for month, digest in digests.items()}


def versions(lake: Lake, groups: Sequence[FeatureGroup]) -> dict[str, int]:
    """Return the version of every existing table that a check reads, by table path."""
    derived = [table(group) for group in groups for table in (monthly_table, features_table)]
    tables = (DAILY_SALES, DAILY_OFFERS, SHOPS, ITEMS, *derived)
    return {table.path: log.version(lake, table) for table in tables if log.exists(lake, table)}


def plan_group(
    lake: Lake, build: BuildScope, group: FeatureGroup, wanted: dict[date, str], drawn: Bucket
) -> GroupPlan:
    """Plan the check of one group.

    Args:
        lake: the lake to check.
        build: groups and months of the lake.
        group: the group.
        wanted: month → digest of the inputs that current cells of the group are made from.
        drawn: the sampled keys of the group.
    """
    stale_cells = stale(wanted, builds.read_digests(lake, monthly_table(group)))
    stored = month_states(lake, monthly_table(group))
    digests = feature_digests(group, stored, build.history, build.targets)
    # Features computed from stale cells agree with the cells but not with a rebuild from sales.
    first_stale = min(stale_cells, default=build.targets.last)
    behind = {month for month in build.targets if month > first_stale}
    recorded = builds.read_digests(lake, features_table(group))
    stale_features = behind | set(stale(digests, recorded))
    return GroupPlan(
        group,
        drawn,
        tuple(month for month in build.history if month not in stale_cells),
        tuple(month for month in build.targets if month not in stale_features),
        tuple(stale_cells),
        tuple(sorted(stale_features)),
    )


def comparison_units(lake: Lake, plans: Sequence[GroupPlan]) -> Iterator[ComparisonUnit]:
    """Divide the comparison into units: one per group and part of the group's sampled keys.

    The number of parts follows from the rows that a rebuild reads: cells of the group itself, or
    of pairs for a group by item age.

    Args:
        lake: the lake to check.
        plans: one plan per group, the group of pairs first.
    """
    pairs = monthly_table(plans[0].group)
    for plan in plans:
        cells, features = (table(plan.group) for table in (monthly_table, features_table))
        of_cells = only(month_files(lake, cells), plan.cells)
        of_features = only(month_files(lake, features), plan.features)
        read = pairs if ITEM_AGE in plan.group.keys else cells
        rows = log.row_count(lake, read) // plan.drawn.count if of_cells else 0
        for keys in plan.drawn.parts(count_for(rows, ROWS_PER_BUCKET)):
            yield ComparisonUnit(
                group=plan.group.name,
                bucket=keys,
                cells={month: keys.files(paths) for month, paths in of_cells.items()},
                features={month: keys.files(paths) for month, paths in of_features.items()},
                rows=rows,
            )
