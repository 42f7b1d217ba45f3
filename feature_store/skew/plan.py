"""Plan of a skew check: which months and sampled keys to compare; stale months are skipped."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from feature_store.lineage import aged_digests, cell_digests, feature_digests, stale
from feature_store.skew.sample import Draw
from feature_store.work_units import (
    ITEM_CELLS,
    ROWS_PER_BUCKET,
    item_buckets,
    month_files,
    month_states,
    pair_pieces,
)
from features.ages import ITEM_AGE
from features.group import FeatureGroup
from features.groups import split_by_age
from features.tables import features_table, monthly_table
from lakehouse.buckets import Bucket, count_for
from lakehouse.delta import builds, log
from lakehouse.delta.work import Piece
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
class Plan:
    """All that a check compares, planned from one consistent set of table versions.

    Attributes:
        history: the lake's months.
        groups: one plan per group.
        sales: pieces of work that aggregate the sales of the months needed.
        places: pieces of work that each compare as many keys of a group as fit into a worker's
            memory.
        inputs: table path → table version that the plan is based on.
    """

    history: MonthRange
    groups: tuple[GroupPlan, ...]
    sales: tuple[Piece, ...]
    places: tuple[Piece, ...]
    inputs: dict[str, int]

    @property
    def stale_months(self) -> set[date]:
        """The months that a build must recompute first, in any table."""
        return {m for plan in self.groups for m in (*plan.stale_cells, *plan.stale_features)}


def make_plan(
    lake: Lake, groups: Sequence[FeatureGroup], history: MonthRange, targets: MonthRange, draw: Draw
) -> Plan:
    """Plan a check, and repeat the planning if a table changed in the meantime.

    Args:
        lake: the lake to check.
        groups: every group, the group of pairs first.
        history: the lake's months.
        targets: the target months, which have features.
        draw: the sample of keys to compare.
    """
    inputs = versions(lake, groups)
    plain = cell_digests(lake, history)
    aged = wanted_by_age(lake, groups, history, plain)
    is_aged = set(split_by_age(groups)[1])
    plans = tuple(
        plan_group(lake, group, history, targets, aged if group in is_aged else plain, draw)
        for group in groups
    )
    needed = sorted({month for plan in plans for month in plan.cells})
    sales = tuple(sales_pieces(lake, needed))
    plan = Plan(history, plans, sales, tuple(place_pieces(lake, plans)), inputs)
    is_one_moment = versions(lake, groups) == inputs
    return plan if is_one_moment else make_plan(lake, groups, history, targets, draw)


def wanted_by_age(
    lake: Lake, groups: Sequence[FeatureGroup], history: MonthRange, plain: dict[date, str]
) -> dict[date, str]:
    """Digest the inputs that current cells by item age are made from.

    Cells by item age are made from stored cells of pairs and items. From the first month with stale
    cells of pairs or items on, the digests are empty, so that cells by age count as stale too.

    Args:
        lake: the lake to check.
        groups: every group, the group of pairs first.
        history: the lake's months.
        plain: month → digest of the inputs that current cells of pairs and items are made from.
    """
    digests = aged_digests(lake, history, groups)
    tables = (ITEM_CELLS, monthly_table(groups[0]))
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
    lake: Lake,
    group: FeatureGroup,
    history: MonthRange,
    targets: MonthRange,
    wanted: dict[date, str],
    draw: Draw,
) -> GroupPlan:
    """Plan the check of one group.

    Args:
        lake: the lake to check.
        group: the group.
        history: the lake's months.
        targets: the target months, which have features.
        wanted: month → digest of the inputs that current cells of the group are made from.
        draw: the sample of keys to compare.
    """
    stale_cells = stale(wanted, builds.read_digests(lake, monthly_table(group)))
    stored = month_states(lake, monthly_table(group))
    made_from = feature_digests(group, stored, history, targets)
    # Features computed from stale cells agree with the cells but not with a rebuild from sales.
    first_stale = min(stale_cells, default=targets.last)
    behind = {month for month in targets if month > first_stale}
    stale_features = behind | set(
        stale(made_from, builds.read_digests(lake, features_table(group)))
    )
    return GroupPlan(
        group,
        draw.of(lake, group),
        tuple(month for month in history if month not in stale_cells),
        tuple(month for month in targets if month not in stale_features),
        tuple(stale_cells),
        tuple(sorted(stale_features)),
    )


def sales_pieces(lake: Lake, months: Sequence[date]) -> Iterator[Piece]:
    """Split the aggregation of sales into pieces: a month, or a bucket of items of a large month.

    Args:
        lake: the lake to check.
        months: the months whose cells are needed.
    """
    catalogue = {table.path: log.all_files(lake, table) for table in (SHOPS, ITEMS)}
    for piece in pair_pieces(lake, months, item_buckets(lake)):
        files = {**piece.arguments["files"], **catalogue}
        yield Piece({**piece.arguments, "files": files}, piece.rows)


def place_pieces(lake: Lake, plans: Sequence[GroupPlan]) -> Iterator[Piece]:
    """Split the comparison into pieces: one per group and part of the group's sampled keys.

    The number of parts follows from the rows that a rebuild reads: cells of the group itself, or
    of pairs for a group by item age.

    Args:
        lake: the lake to check.
        plans: one plan per group, the group of pairs first.
    """
    pair = plans[0].group
    for plan in plans:
        cells, features = (table(plan.group) for table in (monthly_table, features_table))
        files = {
            cells.path: only(month_files(lake, cells), plan.cells),
            features.path: only(month_files(lake, features), plan.features),
        }
        read = cells if ITEM_AGE not in plan.group.keys else monthly_table(pair)
        rows = log.row_count(lake, read) // plan.drawn.count if files[cells.path] else 0
        for keys in plan.drawn.parts(count_for(rows, ROWS_PER_BUCKET)):
            mine = {
                path: {f"{month}": keys.files(paths) for month, paths in months.items()}
                for path, months in files.items()
            }
            bucket = (keys.number, keys.count)
            yield Piece({"group": plan.group.name, "bucket": bucket, "files": mine}, rows)


def only(files: Mapping[date, list[str]], months: Iterable[date]) -> dict[date, list[str]]:
    """Select the files of some months; a month without files gets an empty list."""
    return {month: files.get(month, []) for month in months}
