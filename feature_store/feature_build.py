"""Build of features: target months after changed cells are computed again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from feature_store.build_scope import BuildScope
from feature_store.code_versions import of_features_table
from feature_store.features import FeaturesTask
from feature_store.features_patch import compute_keys, opening_month, replace_keys
from feature_store.lineage import feature_digests
from feature_store.planning import FeatureSpan, feature_units
from feature_store.stored_months import month_states
from feature_store.touched import merge_keys
from feature_store.units import FeaturesUnit
from features.group import FeatureGroup
from features.tables import features_table, monthly_table
from lakehouse.delta import builds
from lakehouse.delta.months import BuiltMonths, patch_months
from lakehouse.delta.states import Change
from lakehouse.progress import progress

# Above this many touched keys, computing a whole month takes no longer than patching the month.
MANY_KEYS = 100_000


@dataclass(frozen=True)
class StaleFeatures:
    """The target months of a group to compute again.

    Attributes:
        digests: every target month → digest of the month's present inputs.
        months: the stale months, in order.
    """

    digests: dict[date, str]
    months: list[date]


def stale_features(build: BuildScope, group: FeatureGroup) -> StaleFeatures:
    """Return the target months of a group to compute again."""
    cells = month_states(build.lake, monthly_table(group))
    digests = feature_digests(group, cells, build.history, build.targets)
    return StaleFeatures(digests, build.stale(digests, features_table(group)))


def build_features(build: BuildScope) -> None:
    """Compute the features of target months after changed cells, for every group.

    If the changed keys are known, only features of these keys are computed.
    """
    new: dict[FeatureGroup, BuiltMonths] = {}
    units: list[FeaturesUnit] = []
    for group in build.groups:
        stale = stale_features(build, group)
        if months := patch_features(build, group, stale):
            progress("features of %s: %d months", group.name, len(months))
            new[group] = built_months(group, months, stale)
            units += feature_units(build.lake, span_of(build, group, months, stale))
    task = FeaturesTask(build.lake, build.groups, build.history)
    parts = build.executor.write(build.lake, units, task)
    for group, built in new.items():
        build.replace(features_table(group), built, parts)


def patch_features(build: BuildScope, group: FeatureGroup, stale: StaleFeatures) -> list[date]:
    """Recompute only the touched keys of months where the keys are known.

    Returns:
        The months that must be computed for all keys: the touched keys are unknown or too many.
    """
    if build.rebuild:
        return stale.months
    table, built = features_table(group), builds.read_digests(build.lake, features_table(group))
    touched = {
        m: build.touched.keys(group, m, built.get(m), stale.digests[m]) for m in stale.months
    }
    few = {m: keys for m, keys in touched.items() if keys is not None and len(keys) <= MANY_KEYS}
    if few:
        keys = merge_keys(list(few.values()))
        progress("features of %s: %d keys, %d months", group.name, len(keys), len(few))
        computed = compute_keys(build.lake, span_of(build, group, list(few), stale), keys)
        patch = partial(replace_keys, keys=keys, computed=computed)
        new = built_months(group, list(few), stale)
        build.written[table.path] = patch_months(build.lake, table, new, patch)
    return [month for month in stale.months if month not in few]


def span_of(
    build: BuildScope, group: FeatureGroup, months: Sequence[date], stale: StaleFeatures
) -> FeatureSpan:
    """Return what to compute for some target months, in order, of a group."""
    opening = opening_month(build.lake, group, months[0], stale.digests)
    return FeatureSpan(group, tuple(months), build.history, opening)


def built_months(group: FeatureGroup, months: Sequence[date], stale: StaleFeatures) -> BuiltMonths:
    """Return what a commit of computed features records."""
    digests = {month: stale.digests[month] for month in months}
    return BuiltMonths(months, digests, change=Change(versions=of_features_table(group)))
