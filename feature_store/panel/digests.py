"""What each month of a panel is assembled from, as digests."""

from collections.abc import Mapping
from datetime import date

from feature_store import code_versions
from feature_store.code_versions import FEATURES_BEFORE, JOBS_BEFORE, in_digest
from feature_store.lineage import NAME, OF_PANEL_ITEMS, catalogue_digest, is_closed
from feature_store.panel.input_files import input_states
from feature_store.panel.rows import PanelRows
from features.horizon import known_month
from features.tables import features_table, monthly_table
from ingestion.lake_months import LakeMonths
from lakehouse.delta import log
from lakehouse.profile.stored import stored_profile


def panel_digests(panel: PanelRows, months: LakeMonths) -> dict[date, str]:
    """Digest what each target month's panel is assembled from: features, cells, catalogue, code.

    Args:
        panel: the target months, and how far they are from their cutoff.
        months: the lake's, which say whether a target month is closed.
    """
    inputs = input_states(panel.lake, panel.features, panel.horizon)
    named = (NAME,) if panel.features.neighbours else ()
    catalogue = catalogue_digest(panel.lake, (*OF_PANEL_ITEMS, *named))
    return digests_of_panel(panel, months, {m: inputs(m) for m in panel.months}, catalogue)


def digests_of_panel(
    panel: PanelRows, months: LakeMonths, inputs: Mapping[date, object], catalogue: object
) -> dict[date, str]:
    """Digest what each target month's panel is assembled from.

    Args:
        panel: as for ``panel_digests``.
        months: as for ``panel_digests``.
        inputs: by target month, what stands for the declared inputs.
        catalogue: what stands for shops and items.
    """
    lake, groups = panel.lake, panel.features.groups
    known = [log.month_digests(lake, features_table(group)) for group in groups]
    actual = [log.month_digests(lake, monthly_table(group)) for group in groups]
    rule = stored_profile(lake).forecast.model_dump()
    read = [rule, panel.spine, panel.horizon, panel.features.names, catalogue]
    code = (in_digest(code_versions.PANEL, one) for one in (FEATURES_BEFORE, JOBS_BEFORE))
    common = [*code, read]
    return {
        month: log.digest(
            [
                common,
                is_closed(months, month),
                [part.get(known_month(month, panel.horizon)) for part in known],
                [part.get(month) for part in actual],
                inputs[month],
            ]
        )
        for month in panel.months
    }
