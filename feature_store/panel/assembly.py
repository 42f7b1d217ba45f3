"""Panel build: stale months split into work units, written by workers, committed at once."""

from collections.abc import Callable, Iterator
from datetime import date

from feature_store.code_versions import OF_PANEL_TABLE, built_by_newer
from feature_store.lineage import built_as_declared, stale
from feature_store.panel.digests import panel_digests
from feature_store.panel.earlier_records import take_over_panel
from feature_store.panel.input_files import input_files
from feature_store.panel.rows import PanelRows
from feature_store.panel.task import PanelTask
from features.feature_set import SPINES, FeatureSet
from features.horizon import known_month
from features.tables import features_table, monthly_table
from ingestion.lake_months import LakeMonths
from lakehouse.buckets import count_for
from lakehouse.context import Context
from lakehouse.delta import creation, listing, log
from lakehouse.delta.months import drop_months, replace_months
from lakehouse.delta.states import Change
from lakehouse.delta.work import Piece, do_work
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange, plus_months
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from lakehouse.table import Table
from lakehouse.tables.silver import ITEMS, SHOPS

# A task holds the panel rows as one Arrow table, about 250 MB at 80 columns, and the features of
# the rows' items.
ROWS_PER_TASK = 500_000


def build(
    context: Context, panel: PanelRows, months: LakeMonths, *, is_redone: bool
) -> dict[str, int]:
    """Assemble the stale months of one panel and commit them at once.

    Args:
        context: provides the Spark session, which starts only if there is much to do.
        panel: the panel; the months are computed here.
        months: the lake's months.
        is_redone: whether months whose inputs did not change are assembled too.

    Returns:
        ``months``, ``rows`` and ``bytes``: the numbers written.

    Raises:
        RefusedError: a newer program built the panel; run the newer program.
    """
    if newer := built_by_newer(panel.lake, [panel.table], OF_PANEL_TABLE):
        raise RefusedError(newer)
    every_month = panel_months(months, panel.spine, panel.horizon)
    take_over_panel(panel.of(every_month), months)
    drop_months(panel.lake, panel.table, every_month)
    digests = panel_digests(panel, months)
    built = {} if is_redone else built_as_declared(panel.lake, panel.table)
    stale_months = stale(digests, built)
    if not stale_months:
        progress("%s: up to date", panel.table.path)
        return {"months": 0, "rows": 0, "bytes": 0}
    progress("%s: %d months", panel.table.path, len(stale_months))
    made_from = {month: digests[month] for month in stale_months}
    is_whole = stale_months == list(every_month)
    task = PanelTask(panel, stored_profile(panel.lake).forecast)
    pieces = list(panel_pieces(panel.of(stale_months), months))
    parts = do_work(lambda: context.spark, panel.lake, pieces, task)
    rows = replace_months(
        panel.lake,
        panel.table,
        stale_months,
        parts,
        made_from,
        is_whole=is_whole,
        change=Change(versions=OF_PANEL_TABLE),
    )
    return {
        "months": len(stale_months),
        "rows": rows,
        "bytes": sum(part.size for part in parts),
    }


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


def panel_pieces(panel: PanelRows, months: LakeMonths) -> Iterator[Piece]:
    """Split the assembly into pieces: a month, or a bucket of items of a large month.

    Args:
        panel: the panel, with the months to assemble.
        months: the lake's months, which determine whether a target month is closed.
    """
    files = files_by_month(panel.lake, panel.features, panel.horizon)
    sizes = {
        table.path: listing.month_rows(panel.lake, table) for table in tables_read(panel.features)
    }
    for month in panel.months:
        most = most_rows(panel, sizes, month)
        slices = count_for(most, ROWS_PER_TASK)
        common = {
            "month": month,
            "is_closed": months.cutoff is not None and month <= months.cutoff,
            "files": files(month),
        }
        for number in range(slices):
            yield Piece({**common, "bucket": (number, slices)}, most // slices)


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
    known = {t.path: listing.month_files(lake, t) for t in map(features_table, features.groups)}
    actual = {t.path: listing.month_files(lake, t) for t in map(monthly_table, features.groups)}
    catalogue = {table.path: log.all_files(lake, table) for table in (SHOPS, ITEMS)}
    return lambda month: {
        **{path: found.get(known_month(month, horizon), []) for path, found in known.items()},
        **{path: found.get(month, []) for path, found in actual.items()},
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
