"""Migration of panel build records from programs before ADR 13, to avoid a rebuild."""

from feature_store.code_versions import PANEL
from feature_store.earlier_records import adopt_records
from feature_store.panel.digests import digests_of_panel, panel_digests
from feature_store.panel.input_files import input_files
from feature_store.panel.rows import PanelRows
from ingestion.lake_months import LakeMonths
from lakehouse.delta import builds, log
from lakehouse.tables.silver import ITEMS, SHOPS


def adopt_panel(panel: PanelRows, months: LakeMonths) -> None:
    """Convert the build records of a panel that the last program before ADR 13 wrote.

    Args:
        panel: the panel, with all target months.
        months: the lake's months.
    """
    lake = panel.lake
    if not builds.read_earlier_digests(lake, panel.table):
        return
    inputs = input_files(lake, panel.features, panel.horizon)
    versions = [log.version(lake, table) for table in (SHOPS, ITEMS)]
    earlier = digests_of_panel(panel, months, {m: inputs(m) for m in panel.months}, versions)
    adopt_records(lake, panel.table, PANEL, panel_digests(panel, months), earlier)
