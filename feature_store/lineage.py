"""Lineage of derived tables: a digest of each month's inputs; an unchanged digest means current.

A digest covers declared code versions, settings, and the states of the months read. A change of
rows gives a month a new state; compaction does not (ADR 13).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache

from feature_store import code_versions
from feature_store.age_groups import sources_of_ages, split_by_age
from feature_store.code_versions import FEATURES_BEFORE, in_digest
from feature_store.stored_months import month_states
from features.group import CATEGORY, ITEM, SHOP, FeatureGroup
from features.tables import ITEM_CELLS, monthly_table
from lakehouse.delta import builds, creation, listing, log
from lakehouse.delta.arrow import read_table
from lakehouse.delta.content import content_digest
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.profile import Profile
from lakehouse.table import Table
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, SHOPS

OF_SHOPS = (SHOP, "alias_of", "attributes")
OF_ITEMS = (ITEM, CATEGORY, "attributes")
# A panel also depends on listing dates, and on names if the profile has neighbour features.
OF_PANEL_ITEMS, NAME = (*OF_ITEMS, "listed_on"), "name"


def catalogue_digest(lake: Lake, items: tuple[str, ...] = OF_ITEMS) -> str:
    """Digest the catalogue's columns that cells depend on: aliases, attributes, categories.

    Args:
        lake: the lake that has the catalogue.
        items: the columns of silver.items to digest.
    """
    return digest_of_versions(lake, items, log.version(lake, SHOPS), log.version(lake, ITEMS))


@lru_cache(maxsize=8)
def digest_of_versions(lake: Lake, items: tuple[str, ...], *_versions: int) -> str:
    """Digest columns of the catalogue, once for the same versions of silver.shops and silver.items.

    Args:
        lake: the lake that has the catalogue.
        items: the columns of silver.items to digest.
        _versions: versions of both tables, which key the cache.
    """
    read = ((SHOPS, SHOP, OF_SHOPS), (ITEMS, ITEM, items))
    return log.digest([content_digest(read_table(lake, t, names), key) for t, key, names in read])


def cell_digests(
    lake: Lake, profile: Profile, history: MonthRange, catalogue: str | None = None
) -> dict[date, str]:
    """Digest the inputs of each month's cells: sales, offers, catalogue, target bounds and code.

    Args:
        lake: the lake that has the sales.
        profile: the lake's profile, which declares the target bounds.
        history: the lake's months.
        catalogue: digest of the catalogue; None: ``catalogue_digest``.
    """
    sales = listing.month_digests(lake, DAILY_SALES)
    offers = listing.month_digests(lake, DAILY_OFFERS)
    common = [
        in_digest(code_versions.CELLS, FEATURES_BEFORE),
        profile.model_dump(mode="json", include={"target_clip"}),
        catalogue or catalogue_digest(lake),
    ]
    return {month: log.digest([common, sales.get(month), offers.get(month)]) for month in history}


def aged_digests(
    lake: Lake,
    groups: Sequence[FeatureGroup],
    history: MonthRange,
    catalogue: str | None = None,
) -> dict[date, str]:
    """Digest the inputs of each month's cells by item age: stored cells, catalogue and code.

    A month also depends on the item cells of all earlier months, which date the first sales.

    Args:
        lake: the lake that has the cells.
        groups: every group, the group of pairs first.
        history: the lake's months.
        catalogue: digest of the catalogue; None: ``catalogue_digest``.
    """
    below = sources_of_ages(split_by_age(groups)[1], groups[0])
    items, cells = (month_states(lake, table) for table in (ITEM_CELLS, monthly_table(below)))
    code = in_digest(code_versions.CELLS, FEATURES_BEFORE)
    common = [code, catalogue or catalogue_digest(lake)]
    return {
        month: log.digest([common, [items.get(m) for m in history if m <= month], cells.get(month)])
        for month in history
    }


def feature_digests(
    group: FeatureGroup, cells: Mapping[date, str], history: MonthRange, targets: MonthRange
) -> dict[date, str]:
    """Digest the inputs of each target month's features: all earlier cells, columns and code.

    Args:
        group: the group, without the features that the profile switches off.
        cells: month → state of the group's cells.
        history: the lake's months.
        targets: the target months, which have features.
    """
    code = in_digest(code_versions.of_features(group), FEATURES_BEFORE)
    elsewhere = [(feature.suffix, feature.where) for feature in group.features if feature.where]
    common = [code, history.first, group.columns, *elsewhere]
    return {
        month: log.digest([common, [cells.get(m) for m in history if m < month]])
        for month in targets
    }


def stale(wanted: Mapping[date, str], built: Mapping[date, str]) -> list[date]:
    """List the months whose recorded digest differs from the digest wanted now.

    Args:
        wanted: month → digest of the current inputs.
        built: month → digest that the last build recorded.
    """
    return [month for month, digest in wanted.items() if built.get(month) != digest]


def built_as_declared(lake: Lake, table: Table) -> dict[date, str]:
    """Return the recorded digest of each month; empty if the table's columns are outdated."""
    if not log.exists(lake, table) or not creation.has_declared_columns(lake, table):
        return {}
    return builds.read_digests(lake, table)
