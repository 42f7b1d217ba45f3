"""Refresh for the latency benchmark: works like the command, and notes each step.

python -m benchmarks.refreshing --lake URI --out FILE

Reads and writes the lake as ``python -m streaming refresh`` does. Writes a JSON line per step to
FILE.
"""

import argparse
import json
import sys
from pathlib import Path

from cli.command import start_logging
from lakehouse.context import Context
from lakehouse.lake import Lake
from lakehouse.settings import JobSettings
from streaming.queries.metrics import RefreshMetrics
from streaming.queries.refresh import Refresh
from streaming.queries.stopping import stop_on_signals
from streaming.queries.waiting import SOURCES
from streaming.refresh import LOOK_SECONDS


def main() -> int:
    """Refresh until a signal stops the process, noting each step."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.refreshing", description=__doc__)
    parser.add_argument("--lake", required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    start_logging()
    context, stopping = Context(JobSettings(), "benchmark"), stop_on_signals()
    refresh = Refresh(Lake.at(arguments.lake), lambda: context.spark, RefreshMetrics())
    names = [table.name for table in SOURCES]
    with arguments.out.open("w", buffering=1) as stream:
        while not stopping.is_set():
            if not refresh():
                stopping.wait(LOOK_SECONDS)
                continue
            seen = dict(zip(names, refresh.seen, strict=True))
            for first, last, done in refresh.steps:
                row: dict[str, object] = {"sales": seen["daily_sales"], "items": seen["items"]}
                row |= {"first": first.isoformat(), "last": last.isoformat(), "done": done}
                stream.write(json.dumps(row) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
