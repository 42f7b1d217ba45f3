"""Retention: what jobs.maintain forgets once it is old, and what stays however old it is.

Forgotten are scores, reports and checks that were replaced by newer ones, forecasts that nobody
was ever served or that were withdrawn, and what ``build_panel --known-at`` can make again. Served
forecasts, their scores and the history of models stay: they cannot be made again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from pyarrow.fs import FileSelector

from feature_store.panel.all_tables import all_tables
from feature_store.skew.results import standing
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

# A year, and the month in which it is looked at: a backtest of the same months last year stays.
RETAIN_DAYS = 400
REPORTS = "reports"
# How a run of jobs.backtest is named, and its report.
RUN, REPORT = "%Y%m%dT%H%M%SZ", "backtest-"


def forget_old(lake: Lake, now: datetime, days: int) -> dict[str, int]:
    """Remove what is older than some days and may be forgotten.

    Returns:
        Table, ``reports`` or ``known_at`` → rows, files or lakes removed; none: it is left out.
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
    """Remove the scores of old runs; the newest run stays. What is asked for is scored again."""
    if not log.exists(lake, BACKTESTS):
        return 0
    runs = read_table(lake, BACKTESTS, ["run"])["run"].unique().to_pylist()
    oldest_kept = min([f"{before:{RUN}}", *sorted(runs)[-1:]])
    return delete_where(lake, BACKTESTS, f"run < '{oldest_kept}'")


def forget_reports(lake: Lake, before: datetime) -> int:
    """Remove the reports of old runs; MLflow keeps a copy of each. The newest stays."""
    files = filesystem(lake.root)
    there = files.get_file_info(FileSelector(REPORTS, allow_not_found=True))
    names = sorted(info.base_name for info in there if info.base_name.startswith(REPORT))
    old = [name for name in names[:-1] if name < f"{REPORT}{before:{RUN}}"]
    for name in old:
        files.delete_file(f"{REPORTS}/{name}")
    return len(old)


def forget_skew(lake: Lake, before: datetime) -> int:
    """Remove what old checks found, up to the first skew that nothing settled yet."""
    if not log.exists(lake, FEATURE_SKEW):
        return 0
    until = min([before, *(row["checked_at"] for row in standing(lake))])
    return delete_where(lake, FEATURE_SKEW, f"checked_at < {timestamp(until)}")


def forget_forecasts(lake: Lake, before: datetime) -> int:
    """Remove forecasts that were withdrawn, or never published, and are old.

    The version goes first: without its rows it must not be scored, nor published once more. Rows
    that a death leaves behind then belong to no version, and go the next time.
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
    """Remove the tables of replayed lakes that nobody wrote for long.

    Models, scores and forecasts made of one stay; ``build_panel --known-at`` makes the rest again.
    """
    old = [known for known in known_lakes(lake) if is_unused(known, before)]
    for known in old:
        for prefix in ("gold/features_", "gold/panel"):
            drop_others(known, prefix, ())
        forget_records(known)
    return len(old)


def is_unused(known: Lake, before: datetime) -> bool:
    """Say whether a replayed lake has tables, none of which was written since a time."""
    if not log.exists(known, SHOPS):
        return False
    try:
        tables = [table for table in all_tables(stored_profile(known)) if log.exists(known, table)]
    except LakeError:
        tables = [SHOPS]
    return max(last_written(known, table) for table in tables) < before.timestamp()


def is_one_of(column: str, values: set[str]) -> str:
    """Write the condition that a text is one of some."""
    quoted = ("'" + value.replace("'", "''") + "'" for value in sorted(values))
    return f"{column} IN ({', '.join(quoted)})"


def timestamp(at: datetime) -> str:
    """Write a time as delta-rs' SQL reads it."""
    return f"arrow_cast('{at.isoformat()}', 'Timestamp(Microsecond, Some(\"UTC\"))')"
