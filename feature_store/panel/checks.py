"""Panel checks before training: declared columns, complete months, current inputs."""

from feature_store.code_versions import OF_PANEL_TABLE, built_by_newer
from feature_store.lineage import stale
from feature_store.panel.digests import panel_digests
from feature_store.panel.rows import PanelRows, name_months
from ingestion.lake_months import read_months
from lakehouse.delta import builds, creation
from lakehouse.errors import RefusedError
from lakehouse.progress import progress

MOST_NAMED = 5


def require_fit_panel(rows: PanelRows, *, may_be_stale: bool = False) -> None:
    """Check that a stored panel has the declared columns, all months, and current features.

    Args:
        rows: the panel rows that a model will learn from.
        may_be_stale: whether to accept a panel whose inputs changed after the assembly.

    Raises:
        RefusedError: columns are not the declared ones, a month is missing, no month has a row,
            or inputs changed after the panel was assembled; the message says what to run.
    """
    require_rows(rows)
    require_declared_columns(rows)
    if not may_be_stale:
        require_fresh(rows)


def require_rows(rows: PanelRows) -> None:
    """Check that every month was assembled and any month has rows; log the months without rows.

    Raises:
        RefusedError: a month was not assembled (run jobs.build_panel), or no month has a row
            (ingest more history).
    """
    without = [month for month, files in rows.files().items() if not files]
    if len(without) == len(rows.months):
        raise RefusedError(
            f"{rows.table.path} has no row in {name_months(without)}: there were no sales to learn "
            "from; ingest more history."
        )
    if without:
        progress("%s: no rows in %s", rows.table.path, name_months(without))


def require_declared_columns(rows: PanelRows) -> None:
    """Check that a panel's stored columns are the declared columns.

    Raises:
        RefusedError: columns are missing or no longer declared; build features, then rebuild the
            panel.
    """
    stored = set(creation.stored_columns(rows.lake, rows.table))
    declared = set(rows.table.names)
    if stored != declared:
        raise RefusedError(
            f"{rows.table.path}: its columns are not the declared features "
            f"(missing: {name_columns(declared - stored)}; "
            f"no longer declared: {name_columns(stored - declared)}); "
            f"{remedy(rows, '--rebuild')}"
        )


def require_fresh(rows: PanelRows) -> None:
    """Check that a panel was assembled from the present features, catalogue and code.

    Raises:
        RefusedError: inputs changed after a month was assembled (build features, then the panel),
            or a newer program built the panel (run the newer program).
    """
    if newer := built_by_newer(rows.lake, [rows.table], OF_PANEL_TABLE):
        raise RefusedError(newer)
    wanted = panel_digests(rows, read_months(rows.lake))
    changed = stale(wanted, builds.read_digests(rows.lake, rows.table))
    if changed:
        raise RefusedError(
            f"{rows.table.path}: features, catalogue or code changed since {len(changed)} of its "
            f"months were assembled (the first: {changed[0]:%Y-%m}); {remedy(rows)}"
        )


def remedy(rows: PanelRows, option: str = "") -> str:
    """Return a sentence with the commands that bring a panel up to date.

    Args:
        rows: the panel.
        option: option to add to the command of jobs.build_panel.
    """
    command = f"jobs.build_panel --spine {rows.spine} --horizons {rows.horizon} {option}".strip()
    return f"run jobs.build_features, then {command}."


def name_columns(columns: set[str]) -> str:
    """List the first ``MOST_NAMED`` columns as text, with the number of further columns."""
    listed = sorted(columns)[:MOST_NAMED]
    more = len(columns) - len(listed)
    return (", ".join(listed) + (f" and {more} more" if more else "")) or "none"
