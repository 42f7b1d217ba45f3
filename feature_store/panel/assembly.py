"""Panel build: stale months split into work units, written by workers, committed at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from feature_store.code_versions import OF_PANEL_TABLE, built_by_newer
from feature_store.lineage import built_as_declared, stale
from feature_store.panel.digests import panel_digests
from feature_store.panel.earlier_records import adopt_panel
from feature_store.panel.input_files import input_files
from feature_store.panel.rows import PanelRows
from feature_store.panel.task import PanelTask
from feature_store.planning import catalogue_files
from feature_store.units import PanelUnit
from features.feature_set import SPINES, FeatureSet
from features.horizon import known_month
from features.tables import features_table, monthly_table
from ingestion.lake_months import LakeMonths
from lakehouse.buckets import Bucket, count_for
from lakehouse.delta import creation, listing
from lakehouse.delta.months import BuiltMonths, drop_months, replace_months
from lakehouse.delta.states import Change
from lakehouse.delta.work import Executor
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.progress import progress
from lakehouse.table import Table

# A task holds the panel rows as one Arrow table, about 250 MB at 80 columns, and the features of
# the rows' items.
ROWS_PER_TASK = 500_000


@dataclass(frozen=True)
class BuiltPanel:
    """What a build of a panel wrote.

    Attributes:
        months: number of months.
        rows: number of rows.
        bytes: size of the files.
    """

    months: int = 0
    rows: int = 0
    bytes: int = 0


def build(
    executor: Executor, panel: PanelRows, months: LakeMonths, *, is_redone: bool
) -> BuiltPanel:
    """Assemble the stale months of one panel and commit them at once.

    Args:
        executor: does the work, here or in Spark's workers.
        panel: the panel; the months are computed here.
        months: the lake's months.
        is_redone: whether months whose inputs did not change are assembled too.

    Raises:
        RefusedError: a newer program built the panel; run the newer program.
    """
    if newer := built_by_newer(panel.lake, [panel.table], OF_PANEL_TABLE):
        raise RefusedError(newer)
    every_month = panel_months(months, panel.spine, panel.horizon)
    adopt_panel(panel.of(every_month), months)
    drop_months(panel.lake, panel.table, every_month)
    digests = panel_digests(panel, months)
    recorded = {} if is_redone else built_as_declared(panel.lake, panel.table)
    stale_months = stale(digests, recorded)
    if not stale_months:
        progress("%s: up to date", panel.table.path)
        return BuiltPanel()
    progress("%s: %d months", panel.table.path, len(stale_months))
    units = list(panel_units(panel.of(stale_months), months))
    parts = executor.write(panel.lake, units, PanelTask(panel))
    built = BuiltMonths(
        stale_months,
        {month: digests[month] for month in stale_months},
        is_whole=stale_months == list(every_month),
        change=Change(versions=OF_PANEL_TABLE),
    )
    rows = replace_months(panel.lake, panel.table, built, parts)
    return BuiltPanel(len(stale_months), rows, sum(part.size for part in parts))


def panel_months(months: LakeMonths, spine: str, horizon: int = 1) -> MonthRange:
    """Return the target months of a panel.

    Rows of the assortment are known before the target month, so that this panel reaches ``horizon``
    months beyond the cutoff. Rows of the grid depend on sales of the target month, so that this
    panel ends at the cutoff.

    Args:
        months: the lake's months.
        spine: ``assortment`` or ``grid``.
        horizon: months from the cutoff to the last target month.
    """
    is_known_before = spine == SPINES[0]
    reached = plus_months(months.open_month, horizon - 1)
    last = reached if is_known_before else months.cutoff or months.open_month
    return MonthRange(months.range.first, last)


def panel_units(panel: PanelRows, months: LakeMonths) -> Iterator[PanelUnit]:
    """Divide the assembly into units: a month, or a bucket of items of a large month.

    Args:
        panel: the panel, with the months to assemble.
        months: the lake's months.
    """
    files = files_by_month(panel.lake, panel.features, panel.horizon)
    tables = tables_read(panel.features)
    sizes = {table.path: listing.month_rows(panel.lake, table) for table in tables}
    for month in panel.months:
        most = most_rows(panel, sizes, month)
        count = count_for(most, ROWS_PER_TASK)
        for number in range(count):
            yield PanelUnit(
                month=month,
                files=files(month),
                bucket=Bucket(number, count),
                is_closed=months.is_closed(month),
                rows=most // count,
            )


def files_by_month(
    lake: Lake, features: FeatureSet, horizon: int = 1
) -> Callable[[date], dict[str, list[str]]]:
    """Return a function that lists, by table, the files that a target month is assembled from.

    Features are read from the month after the cutoff, cells from the target month itself.

    Raises:
        RefusedError: a table's columns are not the declared ones; run jobs.build_features.
    """
    for table in (t(group) for group in features.groups for t in (monthly_table, features_table)):
        if differing := creation.differing_columns(lake, table):
            raise RefusedError(
                f"{table.path}: its columns are not those declared ({', '.join(differing)}); run "
                "jobs.build_features, then this step again."
            )
    inputs = input_files(lake, features, horizon)
    groups = features.groups
    of_features = {t.path: listing.month_files(lake, t) for t in map(features_table, groups)}
    of_cells = {t.path: listing.month_files(lake, t) for t in map(monthly_table, groups)}
    catalogue = catalogue_files(lake)
    return lambda month: {
        **{path: files.get(known_month(month, horizon), []) for path, files in of_features.items()},
        **{path: files.get(month, []) for path, files in of_cells.items()},
        **catalogue,
        **inputs(month),
    }


def most_rows(panel: PanelRows, sizes: dict[str, dict[date, int]], month: date) -> int:
    """Return the most rows that a month's spine can have: shops × items.

    Args:
        panel: the panel; an assortment counts shops and items with features, a grid counts shops
            and items with cells in the target month.
        sizes: table path → month → number of rows.
        month: the target month.
    """
    is_known_before = panel.spine == SPINES[0]
    table = features_table if is_known_before else monthly_table
    at = known_month(month, panel.horizon) if is_known_before else month
    counts = {g.name: sizes[table(g).path].get(at, 0) for g in panel.features.groups}
    return counts["shop"] * counts["item"]


def tables_read(features: FeatureSet) -> list[Table]:
    """List the tables of features and cells that a panel is assembled from."""
    return [
        *(features_table(group) for group in features.groups),
        *(monthly_table(group) for group in features.groups),
    ]
