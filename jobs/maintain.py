"""Table maintenance: small files joined, logs checkpointed, unread files and old rows removed.

    python -m jobs.maintain --lake URI [--retain-hours N] [--retain-days N] [--files N]
    python -m jobs.maintain --lake URI [--erase-shop ID …] [--erase-sales FILE] [--yes]

Reads and rewrites the files of every table of the lake; joining files changes no row. Deletes what
is older than --retain-days and may go (forecasting/retention.py): backtests and reports, skew
checks, forecasts that were withdrawn or never published, lakes of build_panel --known-at. Deletes
tables of feature groups that the profile no longer has. With --erase-shop or --erase-sales, deletes
the records of those shops and sales from bronze and silver instead, and lists the commands that
remove every other trace; without --yes, only counts the records (docs/how_to/erasure.md).
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cli.arguments import add_lake_argument, lake_of
from cli.command import Job, main
from feature_store.panel.all_tables import all_tables
from forecasting.retention import RETAIN_DAYS, forget_old
from ingestion.erasure.removal import ErasurePlan, erase, find_records
from ingestion.sales.span import extend_months
from lakehouse.context import Context
from lakehouse.delta import log
from lakehouse.delta.upkeep import compact, drop_others, vacuum
from lakehouse.errors import UsageError
from lakehouse.lake import Lake
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress

# Delta's default: long enough for the longest reader and for a stream that was down a weekend.
RETAIN_HOURS = 168
FILES_PER_PARTITION = 20
# Paths of feature-group tables. Removal is safe: a later build can compute them again.
DERIVED = ("silver/monthly_", "gold/features_")
# Commands to run after an erasure, in this order.
DUE = ("build_features", "build_panel", "maintain --retain-hours 0")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    parser.add_argument(
        "--retain-hours",
        type=int,
        default=RETAIN_HOURS,
        metavar="N",
        help=f"keep files that table versions of the last N hours read (default: {RETAIN_HOURS})",
    )
    parser.add_argument(
        "--retain-days",
        type=int,
        default=RETAIN_DAYS,
        metavar="N",
        help="keep backtests, reports, skew checks, withdrawn forecasts and lakes of "
        f"build_panel --known-at of the last N days (default: {RETAIN_DAYS})",
    )
    parser.add_argument(
        "--files",
        type=int,
        default=FILES_PER_PARTITION,
        metavar="N",
        help=f"join the files of a partition that has more than N (default: {FILES_PER_PARTITION})",
    )
    add_erasure_arguments(parser)


def add_erasure_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--erase-shop``, ``--erase-sales`` and ``--yes``."""
    parser.add_argument(
        "--erase-shop",
        metavar="ID",
        action="append",
        default=[],
        help="erase all records of this shop and of its aliases; may be given several times",
    )
    parser.add_argument(
        "--erase-sales",
        metavar="FILE",
        type=Path,
        help="file of the sales to erase: a sale_id on each line",
    )
    parser.add_argument(
        "--yes", action="store_true", help="erase the records; without --yes, only count them"
    )


@dataclass(frozen=True)
class UpkeepLimits:
    """What upkeep keeps.

    Attributes:
        hours: hours for which files of older versions stay readable.
        days: days for which backtests, checks, reports and withdrawn forecasts stay.
        files: number of files of a partition above which the files are joined.
    """

    hours: int
    days: int
    files: int


def run(context: Context, arguments: argparse.Namespace) -> Mapping[str, object]:
    """Maintain every table of the lake, or erase the named records.

    Raises:
        UsageError: a number is too small, or ``--yes`` without ``--erase-shop`` or
            ``--erase-sales``.
    """
    if arguments.retain_hours < 0 or arguments.retain_days < 1 or arguments.files < 1:
        raise UsageError(
            f"--retain-hours {arguments.retain_hours} --retain-days {arguments.retain_days} "
            f"--files {arguments.files}: pass at least 0 hours, 1 day and 1 file."
        )
    lake = lake_of(context, arguments)
    if arguments.erase_shop or arguments.erase_sales:
        sales = read_sale_ids(arguments.erase_sales) if arguments.erase_sales else []
        progress("looking for the records")
        plan = find_records(lake, arguments.erase_shop, sales, stored_profile(lake))
        return erase_records(lake, plan, context.now if arguments.yes else None)
    if arguments.yes:
        raise UsageError("--yes requires --erase-shop or --erase-sales.")
    limits = UpkeepLimits(arguments.retain_hours, arguments.retain_days, arguments.files)
    return upkeep(lake, limits, context.now)


def upkeep(lake: Lake, limits: UpkeepLimits, now: datetime) -> Mapping[str, object]:
    """Delete old rows and reports, join small files, and vacuum every table."""
    forgotten = forget_old(lake, now, limits.days)
    for name, count in forgotten.items():
        progress("%s: %d older than %d days deleted", name, count, limits.days)
    tables = [table for table in all_tables(stored_profile(lake)) if log.exists(lake, table)]
    joined = removed = 0
    for table in tables:
        files_joined = compact(lake, table, limits.files)
        files_removed = vacuum(lake, table, limits.hours)
        progress("%s: %d files joined, %d removed", table.path, files_joined, files_removed)
        joined, removed = joined + files_joined, removed + files_removed
    dropped = [path for prefix in DERIVED for path in drop_others(lake, prefix, tables)]
    for path in dropped:
        progress("%s: removed, because the profile no longer has its feature group", path)
    return {
        "tables": len(tables),
        "files_joined": joined,
        "files_removed": removed,
        **({"forgotten": forgotten} if forgotten else {}),
        **({"tables_removed": dropped} if dropped else {}),
    }


def erase_records(lake: Lake, plan: ErasurePlan, now: datetime | None) -> Mapping[str, object]:
    """Report the records of the named shops and sales, and erase the records.

    Args:
        lake: the lake that has the records.
        plan: the records.
        now: time of the erasure; None: only report.
    """
    for path, count in plan.counts.items():
        progress("%s: %d rows", path, count)
    figures = {
        "shops": plan.shops,
        "rows": plan.counts,
        "unattributed_rejected": plan.unattributed,
    }
    if now is None:
        progress("nothing is erased yet; to erase these rows, run the command again with --yes")
        return {"erased": False, **figures}
    erase(lake, plan, now)
    extend_months(lake, now)
    progress("to remove every other trace, run jobs.%s", ", then jobs.".join(DUE))
    return {"erased": True, **figures, "due": DUE}


def read_sale_ids(path: Path) -> list[str]:
    """Read sale ids from a file, one per line.

    Raises:
        UsageError: the file does not exist.
    """
    if not path.is_file():
        raise UsageError(f"--erase-sales {path}: no such file.")
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


JOB = Job("maintain", __doc__, add_arguments, run)

if __name__ == "__main__":
    sys.exit(main(JOB))
