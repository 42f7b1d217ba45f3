"""Lineage of panels: a digest of the inputs of each target month."""

from collections.abc import Mapping
from datetime import date

from feature_store import code_versions
from feature_store.code_versions import FEATURES_BEFORE, JOBS_BEFORE, in_digest
from feature_store.lineage import NAME, OF_PANEL_ITEMS, catalogue_digest
from feature_store.panel.input_files import input_states
from feature_store.panel.rows import PanelRows
from features.horizon import known_month
from features.tables import features_table, monthly_table
from ingestion.lake_months import LakeMonths
from lakehouse.delta import listing, log


def panel_digests(panel: PanelRows, months: LakeMonths) -> dict[date, str]:
    """Digest the inputs of each target month's panel: features, cells, catalogue, inputs, code.

    Args:
        panel: the panel, with the target months to digest.
        months: the lake's months, which determine whether a target month is closed.
    """
    inputs = input_states(panel.lake, panel.features, panel.horizon)
    named = (NAME,) if panel.features.neighbours else ()
    catalogue = catalogue_digest(panel.lake, (*OF_PANEL_ITEMS, *named))
    return digests_of_panel(panel, months, {m: inputs(m) for m in panel.months}, catalogue)


def digests_of_panel(
    panel: PanelRows, months: LakeMonths, inputs: Mapping[date, object], catalogue: object
) -> dict[date, str]:
    """Digest the inputs of each target month's panel, given the catalogue and optional inputs.

    Args:
        panel: the panel, with the target months to digest.
        months: the lake's months, which determine whether a target month is closed.
        inputs: target month → value that identifies the state of the optional inputs.
        catalogue: value that identifies the state of shops and items.
    """
    lake, groups = panel.lake, panel.features.groups
    features = [listing.month_digests(lake, features_table(group)) for group in groups]
    actual = [listing.month_digests(lake, monthly_table(group)) for group in groups]
    rule = panel.features.assortment.model_dump()
    read = [rule, panel.spine, panel.horizon, panel.features.names, catalogue]
    code = (in_digest(code_versions.PANEL, before) for before in (FEATURES_BEFORE, JOBS_BEFORE))
    common = [*code, read]
    return {
        month: log.digest(
            [
                common,
                months.is_closed(month),
                [part.get(known_month(month, panel.horizon)) for part in features],
                [part.get(month) for part in actual],
                inputs[month],
            ]
        )
        for month in panel.months
    }
