"""What a panel must be before a model learns from it: its columns, its months, its inputs."""

from feature_store.code_versions import OF_PANEL_TABLE, built_by_newer
from feature_store.lineage import stale
from feature_store.panel.digests import panel_digests
from feature_store.panel.rows import PanelRows, name_months
from ingestion.lake_months import read_months
from lakehouse.delta import log
from lakehouse.errors import RefusedError
from lakehouse.progress import progress

MOST_NAMED = 5


def require_fit_panel(rows: PanelRows, *, may_be_stale: bool = False) -> None:
    """Check that a stored panel is what the declarations make of the lake as it is now.

    Args:
        rows: what is to be learned from.
        may_be_stale: features may have changed since it was assembled.

    Raises:
        RefusedError: its columns are not the declared ones, months are missing, no month has a
            row, or features changed since it was assembled; each time with what puts it right.
    """
    require_rows(rows)
    require_declared_columns(rows)
    if not may_be_stale:
        require_fresh(rows)


def require_rows(rows: PanelRows) -> None:
    """Check that every month was assembled and that one of them has rows; name those without.

    Raises:
        RefusedError: a month was not assembled, or no month has a row.
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
    """Check that the stored columns are the declared ones.

    Raises:
        RefusedError: columns are missing or too many.
    """
    stored = set(log.columns(rows.lake, rows.table))
    declared = set(rows.table.names)
    if stored != declared:
        raise RefusedError(
            f"{rows.table.path}: its columns are not the declared features "
            f"(missing: {named(declared - stored)}; no longer declared: {named(stored - declared)})"
            f"; {remedy(rows, '--rebuild')}"
        )


def require_fresh(rows: PanelRows) -> None:
    """Check that a panel was assembled from the features as they are now.

    Raises:
        RefusedError: months were assembled from others, by other code or by a newer program.
    """
    if newer := built_by_newer(rows.lake, [rows.table], OF_PANEL_TABLE):
        raise RefusedError(newer)
    wanted = panel_digests(rows, read_months(rows.lake))
    changed = stale(wanted, log.built(rows.lake, rows.table))
    if changed:
        raise RefusedError(
            f"{rows.table.path}: features, catalogue or code changed since {len(changed)} of its "
            f"months were assembled (the first: {changed[0]:%Y-%m}); {remedy(rows)}"
        )


def remedy(rows: PanelRows, option: str = "") -> str:
    """Write the commands that bring a panel up to date."""
    command = f"jobs.build_panel --spine {rows.spine} --horizons {rows.horizon} {option}".strip()
    return f"run jobs.build_features, then {command}."


def named(columns: set[str]) -> str:
    """Name some of many columns."""
    listed = sorted(columns)[:MOST_NAMED]
    more = len(columns) - len(listed)
    return (", ".join(listed) + (f" and {more} more" if more else "")) or "none"
