"""Build of monthly cells: months whose sales, offers or catalogue changed are aggregated again."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

import pyarrow as pa

from feature_store.age_groups import sources_of_ages, split_by_age
from feature_store.build_scope import BuildScope
from feature_store.cell_changes import changed_cells
from feature_store.cells import GroupCellsTask, PairCellsTask
from feature_store.cells_by_age import AgedCellsTask
from feature_store.code_versions import OF_CELLS_TABLE
from feature_store.earlier_records import adopt_cells
from feature_store.lineage import aged_digests, cell_digests, feature_digests
from feature_store.planning import aged_units, group_units, item_buckets, pair_units
from feature_store.stored_months import stored_months
from features.group import FeatureGroup
from features.groups import shop_item
from features.tables import features_table, monthly_table
from lakehouse.delta import builds, creation
from lakehouse.delta.listing import Months
from lakehouse.delta.months import BuiltMonths
from lakehouse.delta.parts import DataFile, discard_parts, of_table
from lakehouse.delta.states import Change
from lakehouse.progress import progress

Groups = Sequence[FeatureGroup]
Digests = Mapping[date, str]
# Groups and months → uncommitted files with the cells.
Aggregate = Callable[[BuildScope, Groups, Sequence[date]], list[DataFile]]


def stale_cells(build: BuildScope) -> set[date]:
    """Return the months whose cells must be aggregated again, in any group."""
    plain, aged = split_by_age(build.groups)
    by_age = aged_digests(build.lake, build.groups, build.history)
    return stale_in_any(build, plain, plain_digests(build)) | stale_in_any(build, aged, by_age)


def build_cells(build: BuildScope) -> None:
    """Aggregate, for every group, the cells of months whose inputs changed."""
    adopt_cells(build.lake, build.profile, build.groups, build.history)
    plain, aged = split_by_age(build.groups)
    build_groups(build, plain, plain_digests(build), aggregate_sales)
    # Groups by item age aggregate the stored cells of other groups, which are now current.
    by_age = aged_digests(build.lake, build.groups, build.history)
    build_groups(build, aged, by_age, aggregate_by_age)


def plain_digests(build: BuildScope) -> dict[date, str]:
    """Digest the inputs of each month's cells without item age."""
    return cell_digests(build.lake, build.profile, build.history)


def stale_in_any(build: BuildScope, groups: Iterable[FeatureGroup], digests: Digests) -> set[date]:
    """Return the months that are stale in the cells of any of some groups."""
    return {m for group in groups for m in build.stale(digests, monthly_table(group))}


def build_groups(build: BuildScope, groups: Groups, digests: Digests, aggregate: Aggregate) -> None:
    """Aggregate the stale months of some groups and replace the months whose cells changed."""
    months = sorted(stale_in_any(build, groups, digests))
    if not months:
        return
    progress("cells: %d months, %s to %s", len(months), months[0], months[-1])
    stored = {group: stored_months(build.lake, monthly_table(group)) for group in groups}
    parts = aggregate(build, groups, months)
    of_months = {month: digests[month] for month in months}
    for group in groups:
        replace_cells(build, group, stored[group], parts, of_months)


def aggregate_sales(build: BuildScope, groups: Groups, months: Sequence[date]) -> list[DataFile]:
    """Aggregate daily sales to pair cells, and pair cells to the other groups without item age."""
    lake, pair, buckets = build.lake, groups[0], item_buckets(build.lake)
    units = list(pair_units(lake, months, buckets))
    pairs = build.executor.write(lake, units, PairCellsTask(lake, pair, buckets))
    above = list(group_units(lake, pair, months, pairs))
    return pairs + build.executor.write(lake, above, GroupCellsTask(lake, groups, build.attributes))


def aggregate_by_age(build: BuildScope, groups: Groups, months: Sequence[date]) -> list[DataFile]:
    """Aggregate the stored cells of pairs or of items to the cells of groups by item age."""
    below = sources_of_ages(groups, shop_item(build.profile.target_clip))
    task = AgedCellsTask(build.lake, tuple(groups), below, build.attributes)
    units = list(aged_units(build.lake, build.history, months, below))
    return build.executor.write(build.lake, units, task)


def replace_cells(
    build: BuildScope,
    group: FeatureGroup,
    stored: Months,
    parts: Sequence[DataFile],
    digests: Digests,
) -> None:
    """Replace the months whose cells differ from the stored cells; note the changed keys.

    Args:
        build: the run of the build.
        group: the group of the cells.
        stored: files and states of the stored months.
        parts: uncommitted files with the new cells; files of unchanged months are discarded.
        digests: month → digest of the inputs of the new cells.
    """
    lake, table = build.lake, monthly_table(group)
    changed: dict[date, pa.Table | None] = dict.fromkeys(digests)
    is_comparable = stored.files and creation.has_declared_columns(lake, table)
    if is_comparable and not build.rebuild:
        changed = changed_cells(lake, group, stored.files, parts, list(digests))
    months = [m for m, keys in changed.items() if keys is None or len(keys)]
    new = of_table(parts, table)
    discard_parts(lake, table, [part for part in new if part.month not in months])
    change = Change(versions=OF_CELLS_TABLE)
    build.replace(table, BuiltMonths(months, digests, change=change), parts)
    after = stored.states_after(months, {part.month for part in new}, change.state)
    build.touched.note(
        group,
        {month: changed[month] for month in months},
        builds.read_digests(lake, features_table(group)),
        feature_digests(group, stored.states, build.history, build.targets),
        feature_digests(group, after, build.history, build.targets),
    )
