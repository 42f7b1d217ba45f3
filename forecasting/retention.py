"""Retention: the old data that jobs.maintain removes, and the data that stays at any age.

jobs.maintain removes old backtest scores, reports and skew checks, forecasts that were withdrawn or
never published, and replayed lakes that ``build_panel --known-at`` can build again. Served
forecasts, the scores of served forecasts and the model history stay: no job can make them again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from pyarrow.fs import FileSelector

from feature_store.panel.all_tables import all_tables
from feature_store.skew.results import read_unresolved
from ingestion.known_at.replay import forget_records, known_lakes
from lakehouse.delta import log
from lakehouse.delta.arrow import read_table
from lakehouse.delta.upkeep import delete_where, drop_others, files_kept_apart, last_written
from lakehouse.errors import LakeError
from lakehouse.lake import Lake
from lakehouse.profile.stored import stored_profile
from lakehouse.storage import filesystem
from lakehouse.tables.gold import BACKTESTS, FEATURE_SKEW, FORECAST_VERSIONS, FORECASTS
from lakehouse.tables.silver import SHOPS

# A year and about a month: last year's backtest of the same months stays for comparison.
RETAIN_DAYS = 400
REPORTS = "reports"
# The name of a run of jobs.backtest, and the prefix of a report's file name.
RUN, REPORT = "%Y%m%dT%H%M%SZ", "backtest-"


def forget_old(lake: Lake, now: datetime, days: int) -> dict[str, int]:
    """Remove removable data that is older than a number of days.

    Returns:
        Table, ``reports`` or ``known_at`` → number of removed rows, files or lakes; zeros are left
        out.
    """
    before = now - timedelta(days=days)
    forget: dict[str, Callable[[Lake, datetime], int]] = {
        BACKTESTS.path: forget_backtests,
        REPORTS: forget_reports,
        FEATURE_SKEW.path: forget_skew,
        FORECASTS.path: forget_forecasts,
        "known_at": forget_known_lakes,
    }
    counts = {name: remove(lake, before) for name, remove in forget.items()}
    return {name: count for name, count in counts.items() if count}


def forget_backtests(lake: Lake, before: datetime) -> int:
    """Remove old runs from gold.backtests, except the newest run, and count the removed rows.

    A later job scores a removed run again if the job needs the scores.
    """
    if not log.exists(lake, BACKTESTS):
        return 0
    runs = read_table(lake, BACKTESTS, ["run"])["run"].unique().to_pylist()
    oldest_kept = min([f"{before:{RUN}}", *sorted(runs)[-1:]])
    return delete_where(lake, BACKTESTS, f"run < '{oldest_kept}'")


def forget_reports(lake: Lake, before: datetime) -> int:
    """Remove the reports of old runs, except the newest report; MLflow keeps copies.

    Returns:
        The number of removed files.
    """
    files = filesystem(lake.root)
    reports = files.get_file_info(FileSelector(REPORTS, allow_not_found=True))
    names = sorted(info.base_name for info in reports if info.base_name.startswith(REPORT))
    old = [name for name in names[:-1] if name < f"{REPORT}{before:{RUN}}"]
    for name in old:
        files.delete_file(f"{REPORTS}/{name}")
    return len(old)


def forget_skew(lake: Lake, before: datetime) -> int:
    """Remove old rows of gold.feature_skew, up to the earliest skew that is still unresolved."""
    if not log.exists(lake, FEATURE_SKEW):
        return 0
    until = min([before, *(row.checked_at for row in read_unresolved(lake))])
    return delete_where(lake, FEATURE_SKEW, f"checked_at < {timestamp(until)}")


def forget_forecasts(lake: Lake, before: datetime) -> int:
    """Remove old forecasts that were withdrawn or never published, and count the removed rows.

    The version's row goes first: a version without forecasts must not be scored or published again.
    If the process dies in between, the forecasts left belong to no version, and the next run
    removes the forecasts.
    """
    if not (log.exists(lake, FORECASTS) and log.exists(lake, FORECAST_VERSIONS)):
        return 0
    columns = ["version", "status", "withdrawn_at", "published_at"]
    versions = read_table(lake, FORECAST_VERSIONS, columns).to_pylist()
    withdrawn = {
        row["version"]
        for row in versions
        if row["status"] == "withdrawn" and (row["withdrawn_at"] or row["published_at"]) < before
    }
    named = {row["version"] for row in versions}
    written = files_kept_apart(lake, FORECASTS)
    never = {v for v, at in written.items() if v not in named and at < before.timestamp()}
    if withdrawn:
        delete_where(lake, FORECAST_VERSIONS, is_one_of("version", withdrawn))
    gone = withdrawn | never
    return delete_where(lake, FORECASTS, is_one_of("version", gone)) if gone else 0


def forget_known_lakes(lake: Lake, before: datetime) -> int:
    """Remove features, panels and records of replayed lakes without recent writes.

    Models, scores and forecasts of a replayed lake stay; ``build_panel --known-at`` builds the
    removed tables again.

    Returns:
        The number of lakes.
    """
    old = [replayed for replayed in known_lakes(lake) if is_unused(replayed, before)]
    for replayed in old:
        for prefix in ("gold/features_", "gold/panel"):
            drop_others(replayed, prefix, ())
        forget_records(replayed)
    return len(old)


def is_unused(replayed: Lake, before: datetime) -> bool:
    """Check whether a replayed lake has tables, and all were last written before a time."""
    if not log.exists(replayed, SHOPS):
        return False
    try:
        tables = [
            table for table in all_tables(stored_profile(replayed)) if log.exists(replayed, table)
        ]
    except LakeError:
        tables = [SHOPS]
    return max(last_written(replayed, table) for table in tables) < before.timestamp()


def is_one_of(column: str, values: set[str]) -> str:
    """Write the SQL condition that a text column has one of the values."""
    quoted = ("'" + value.replace("'", "''") + "'" for value in sorted(values))
    return f"{column} IN ({', '.join(quoted)})"


def timestamp(at: datetime) -> str:
    """Write a time as a literal in the SQL of delta-rs, UTC in microseconds."""
    return f"arrow_cast('{at.isoformat()}', 'Timestamp(Microsecond, Some(\"UTC\"))')"
