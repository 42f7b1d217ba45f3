"""What each month of a derived table is made from, as digests: equal digests, nothing to redo.

A digest is of the declared versions of the code, of settings, and of the state of what is read:
changes of rows give a month another state, compaction does not (ADR 13).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache

from feature_store import code_versions
from feature_store.code_versions import FEATURES_BEFORE, in_digest
from feature_store.work_units import ITEM_CELLS, month_states
from features.group import CATEGORY, ITEM, SHOP, FeatureGroup
from features.groups import sources_of_ages, split_by_age
from features.tables import monthly_table
from ingestion.lake_months import LakeMonths
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.delta.content import content_digest
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.stored import stored_profile
from lakehouse.table import Table
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, SHOPS

OF_SHOPS = (SHOP, "alias_of", "attributes")
OF_ITEMS = (ITEM, CATEGORY, "attributes")
# A panel has the items that are listed; names are read for neighbours alone.
OF_PANEL_ITEMS, NAME = (*OF_ITEMS, "listed_on"), "name"


def catalogue_digest(lake: Lake, items: tuple[str, ...] = OF_ITEMS) -> str:
    """Digest what cells depend on in the catalogue: aliases, attributes, categories.

    Args:
        lake: where it is.
        items: the columns of silver.items that are read.
    """
    return digest_of_versions(lake, items, log.version(lake, SHOPS), log.version(lake, ITEMS))


@lru_cache(maxsize=8)
def digest_of_versions(lake: Lake, items: tuple[str, ...], *_versions: int) -> str:
    """Digest columns of the catalogue; of the same versions of its tables once."""
    read = ((SHOPS, SHOP, OF_SHOPS), (ITEMS, ITEM, items))
    return log.digest([content_digest(read_table(lake, t, names), key) for t, key, names in read])


def cell_digests(lake: Lake, history: MonthRange, catalogue: str | None = None) -> dict[date, str]:
    """Digest what the monthly cells of each month are made from: sales, offers, catalogue, code.

    Args:
        lake: where they are.
        history: the lake's months.
        catalogue: its digest; None: ``catalogue_digest``.
    """
    sales = log.month_digests(lake, DAILY_SALES)
    offers = log.month_digests(lake, DAILY_OFFERS)
    common = [
        in_digest(code_versions.CELLS, FEATURES_BEFORE),
        stored_profile(lake).model_dump(mode="json", include={"target_clip"}),
        catalogue or catalogue_digest(lake),
    ]
    return {month: log.digest([common, sales.get(month), offers.get(month)]) for month in history}


def aged_digests(
    lake: Lake,
    history: MonthRange,
    groups: Sequence[FeatureGroup],
    catalogue: str | None = None,
) -> dict[date, str]:
    """Digest what cells by the age of items are made from: the cells below, code, catalogue.

    Cells of items up to a month say how old they are in it.

    Args:
        lake: where the cells are.
        history: the lake's months.
        groups: every group, the pair's own first.
        catalogue: as for ``cell_digests``.
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
    """Digest what each target month's features are made from: the cells before it, and code.

    Args:
        group: whose features; a profile may switch some of them off.
        cells: state of the group's cells, by month.
        history: the lake's months.
        targets: the months that have features.
    """
    code = in_digest(code_versions.of_features(group), FEATURES_BEFORE)
    elsewhere = [(feature.suffix, feature.where) for feature in group.features if feature.where]
    common = [code, history.first, group.columns, *elsewhere]
    return {
        month: log.digest([common, [cells.get(m) for m in history if m < month]])
        for month in targets
    }


def is_closed(months: LakeMonths, month: date) -> bool:
    """Say whether a month's sales are complete."""
    return months.cutoff is not None and month <= months.cutoff


def stale(wanted: dict[date, str], built: dict[date, str]) -> list[date]:
    """List the months that were not built from what they should be built from now."""
    return [month for month, digest in wanted.items() if built.get(month) != digest]


def built_as_declared(lake: Lake, table: Table) -> dict[date, str]:
    """Return what each month was built from; nothing where the columns are other ones by now."""
    if not log.exists(lake, table) or not log.has_declared_columns(lake, table):
        return {}
    return log.built(lake, table)
