"""What each month of a derived table is made from, as digests: equal digests, nothing to redo."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from importlib import resources

from features.feature_set import FeatureSet, panel_table
from features.group import CATEGORY, ITEM, SHOP, FeatureGroup
from features.groups import sources_of_ages, split_by_age
from features.horizon import known_month
from features.tables import features_table, monthly_table
from jobs.input_files import input_files
from jobs.panel_rows import PanelRows
from jobs.pieces import ITEM_CELLS, month_files
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.lake_months import LakeMonths
from lakehouse.month_range import MonthRange
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, SHOPS


@cache
def code_digest(package: str) -> str:
    """Digest a package's sources: what a changed program made is made again."""
    sources = sorted(resources.files(package).iterdir(), key=lambda source: source.name)
    return log.digest([s.read_text() for s in sources if s.name.endswith(".py")])


@lru_cache(maxsize=8)
def catalogue_digest(lake: Lake, shops: int, items: int) -> str:
    """Digest what cells depend on in the catalogue: aliases, attributes, categories.

    Args:
        lake: where it is.
        shops: version of silver.shops, so that it is read once.
        items: version of silver.items.
    """
    del shops, items
    of_shops = read_table(lake, SHOPS, [SHOP, "alias_of", "attributes"])
    of_items = read_table(lake, ITEMS, [ITEM, CATEGORY, "attributes"])
    return log.digest([sorted(map(str, t.to_pylist())) for t in (of_shops, of_items)])


def cell_digests(lake: Lake, history: MonthRange) -> dict[date, str]:
    """Digest what the monthly cells of each month are made from: sales, offers, catalogue, code."""
    sales = log.month_digests(lake, DAILY_SALES)
    offers = log.month_digests(lake, DAILY_OFFERS)
    common = [
        code_digest("features"),
        lake.profile().model_dump(mode="json", include={"target_clip"}),
        catalogue_digest(lake, log.version(lake, SHOPS), log.version(lake, ITEMS)),
    ]
    return {month: log.digest([common, sales.get(month), offers.get(month)]) for month in history}


def aged_digests(
    lake: Lake, history: MonthRange, groups: Sequence[FeatureGroup]
) -> dict[date, str]:
    """Digest what cells by the age of items are made from: the cells below, code, catalogue.

    Cells of items up to a month say how old they are in it.

    Args:
        lake: where the cells are.
        history: the lake's months.
        groups: every group, the pair's own first.
    """
    below = sources_of_ages(split_by_age(groups)[1], groups[0])
    items, cells = (
        log.file_digests(month_files(lake, table)) for table in (ITEM_CELLS, monthly_table(below))
    )
    common = [
        code_digest("features"),
        catalogue_digest(lake, log.version(lake, SHOPS), log.version(lake, ITEMS)),
    ]
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
        cells: digest of the group's cells, by month.
        history: the lake's months.
        targets: the months that have features.
    """
    common = [code_digest("features"), history.first, group.columns]
    return {
        month: log.digest([common, [cells.get(m) for m in history if m < month]])
        for month in targets
    }


def panel_digests(panel: PanelRows, months: LakeMonths) -> dict[date, str]:
    """Digest what each target month's panel is assembled from: features, cells, items, code.

    Args:
        panel: the target months, and how far they are from their cutoff.
        months: the lake's, which say whether a target month is closed.
    """
    lake, groups = panel.lake, panel.features.groups
    inputs = input_files(lake, panel.features, panel.horizon)
    known = [log.month_digests(lake, features_table(group)) for group in groups]
    actual = [log.month_digests(lake, monthly_table(group)) for group in groups]
    rule = lake.profile().forecast.model_dump()
    catalogue = [log.version(lake, table) for table in (SHOPS, ITEMS)]
    read = [rule, panel.spine, panel.horizon, panel.features.names, catalogue]
    common = [code_digest("features"), code_digest("jobs"), read]
    return {
        month: log.digest(
            [
                common,
                is_closed(months, month),
                [part.get(known_month(month, panel.horizon)) for part in known],
                [part.get(month) for part in actual],
                inputs(month),
            ]
        )
        for month in panel.months
    }


def training_digest(
    lake: Lake,
    features: FeatureSet,
    spine: str,
    months: MonthRange,
    *others: object,
    horizon: int = 1,
) -> str:
    """Digest what a model is made from: panel months, parameters, code, and the like.

    Args:
        lake: where the panel is.
        features: the model's columns.
        spine: of the panel.
        months: target months that are read.
        others: further arguments of the job.
        horizon: of the panel.
    """
    panel = log.month_digests(lake, panel_table(features, spine, horizon))
    read = [panel.get(month) for month in months]
    return log.digest(
        [lake.profile().model.model_dump(), code_digest("jobs.modelling"), read, *others]
    )


def is_closed(months: LakeMonths, month: date) -> bool:
    """Say whether a month's sales are complete."""
    return months.cutoff is not None and month <= months.cutoff


def stale(wanted: dict[date, str], built: dict[date, str]) -> list[date]:
    """List the months that were not built from what they should be built from now."""
    return [month for month, digest in wanted.items() if built.get(month) != digest]
