"""Keeps the tables quick: joins small files, checkpoints logs, removes files nobody reads.

    python -m jobs.maintain --lake URI [--retain-hours N] [--files N]

Reads and rewrites every table of the lake; no row changes.
"""

import argparse
import sys
from typing import Any

from jobs.command import Context, Job, add_lake_argument, lake_of, main, progress
from jobs.describe_tables import all_tables
from lakehouse.delta import log
from lakehouse.delta.upkeep import compact, vacuum
from lakehouse.errors import UsageError

# Delta's own default: long enough for the longest reader and for a stream that was down a weekend.
RETAIN_HOURS = 168
FILES_PER_PARTITION = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_lake_argument(parser)
    parser.add_argument(
        "--retain-hours",
        type=int,
        default=RETAIN_HOURS,
        metavar="N",
        help=f"keep files that versions of the last N hours read (default: {RETAIN_HOURS})",
    )
    parser.add_argument(
        "--files",
        type=int,
        default=FILES_PER_PARTITION,
        metavar="N",
        help=f"join a partition's files when there are more (default: {FILES_PER_PARTITION})",
    )


def run(context: Context, arguments: argparse.Namespace) -> dict[str, Any]:
    """Maintain every table that exists."""
    if arguments.retain_hours < 0 or arguments.files < 1:
        raise UsageError("--retain-hours is at least 0 and --files at least 1.")
    lake = lake_of(context, arguments)
    tables = [table for table in all_tables(lake.profile()) if log.exists(lake, table)]
    joined = removed = 0
    for table in tables:
        files = compact(lake, table, arguments.files)
        gone = vacuum(lake, table, arguments.retain_hours)
        progress("%s: %d files joined, %d removed", table.path, files, gone)
        joined, removed = joined + files, removed + gone
    return {"tables": len(tables), "files_joined": joined, "files_removed": removed}


JOB = Job(
    "maintain", "Join small files, checkpoint, and remove files nobody reads.", add_arguments, run
)

if __name__ == "__main__":
    sys.exit(main(JOB))
