"""Migration of build records from programs before ADR 13, to avoid a rebuild of old lakes.

Programs before ADR 13 recorded digests of module texts and of the catalogue as Python lists, in
the metadata of commits. If a month's record equals what the last program before ADR 13 would write
now, the month gets the record that this program would write and is not rebuilt.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial

from feature_store.age_groups import split_by_age
from feature_store.code_versions import CELLS, Versions, are_first
from feature_store.lineage import aged_digests, cell_digests
from features.group import CATEGORY, ITEM, SHOP, FeatureGroup
from features.tables import monthly_table
from lakehouse.delta import builds, creation, log
from lakehouse.delta.arrow import read_table
from lakehouse.delta.months import BuiltMonths, replace_months
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.profile import Profile
from lakehouse.table import Table
from lakehouse.tables.silver import ITEMS, SHOPS

Digests = Mapping[date, str]


def adopt_records(
    lake: Lake, table: Table, versions: Versions, wanted: Digests, earlier: Digests
) -> None:
    """Convert the records of months that the last program before ADR 13 built and are current.

    Args:
        lake: the lake that has the table.
        table: a derived table.
        versions: versions of the code that builds the table; unless all are 1, nothing is
            converted.
        wanted: month → digest that this program would record.
        earlier: month → digest that the last program before ADR 13 would record.
    """
    stored = builds.read_earlier_digests(lake, table)
    if not stored or not are_first(versions) or not creation.has_declared_columns(lake, table):
        return
    held = {m: d for m, d in wanted.items() if m in stored and stored[m] == earlier[m]}
    if held:
        replace_months(lake, table, BuiltMonths([], held), [])


def adopt_cells(
    lake: Lake, profile: Profile, groups: Sequence[FeatureGroup], history: MonthRange
) -> None:
    """Convert the records of all cells; records of features are valid without conversion.

    Args:
        lake: the lake that has the cells.
        profile: the lake's profile.
        groups: every group, the group of pairs first.
        history: the lake's months.
    """
    if not any(builds.read_earlier_digests(lake, monthly_table(group)) for group in groups):
        return
    catalogue = catalogue_before(lake)
    plain, aged = split_by_age(groups)
    of_plain = partial(cell_digests, lake, profile, history)
    of_aged = partial(aged_digests, lake, groups, history)
    for some, digests in ((plain, of_plain), (aged, of_aged)):
        wanted, earlier = digests(), digests(catalogue=catalogue)
        for group in some:
            adopt_records(lake, monthly_table(group), CELLS, wanted, earlier)


def catalogue_before(lake: Lake) -> str:
    """Digest the catalogue as programs before ADR 13 did.

    Memory holds the whole catalogue as Python objects.
    """
    of_shops = read_table(lake, SHOPS, [SHOP, "alias_of", "attributes"])
    of_items = read_table(lake, ITEMS, [ITEM, CATEGORY, "attributes"])
    return log.digest([sorted(map(str, t.to_pylist())) for t in (of_shops, of_items)])
