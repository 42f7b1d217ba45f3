"""Micro-batch costs: seconds by length of history, and number of files after many batches.

    python -m benchmarks.microbatches history --lake URI --work DIR --out FILE [--size 1000]
    python -m benchmarks.microbatches files --lake URI --out FILE [--batches 500]

``history`` copies a full-size lake twice, once complete and once with only the last three months,
and processes the same kinds of micro-batches on both in turns, in this process. ``files`` counts
the files of each table after many micro-batches with maintenance, and changes the lake. Both write
JSON to FILE.
"""

import argparse
import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.traffic import moves, sales
from feature_store.panel.all_tables import all_tables
from ingestion.lake_months import read_months
from ingestion.sales.intake import merge_few_sales
from jobs import maintain
from lakehouse.context import Context
from lakehouse.delta import log
from lakehouse.delta.arrow import append_rows, read_table
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.profile.stored import claim_lake, stored_profile
from lakehouse.settings import JobSettings
from lakehouse.storage import local_path
from lakehouse.tables.bronze import RECEIVED, SALES_EVENTS
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, MONTHS, SHOPS
from streaming.queries.metrics import RefreshMetrics
from streaming.queries.refresh import Refresh

SHORT, ROUNDS, MAINTAIN_EVERY = 3, 7, 25
# Kind → share of events of the open month, and of the open month or the month before.
KINDS = {"open month": (1.0, 1.0), "month before": (0.0, 1.0), "older": (0.0, 0.0)}


class Stream:
    """A lake, with the work of the ingest and refresh queries, without Kafka and Spark's planning.

    Attributes:
        lake: the lake to change.
        number: offset of the next event.
        refresh: the refresh of the lake.
    """

    def __init__(self, lake: Lake, context: Context) -> None:
        self.lake, self.number = lake, 0
        self.refresh = Refresh(lake, lambda: context.spark, RefreshMetrics())

    def settle(self) -> None:
        """Bring all cells and features up to date."""
        while self.refresh(is_last=True):
            pass

    def put(self, values: list[bytes]) -> float:
        """Ingest a micro-batch and refresh the features; return the time in seconds."""
        now, count = datetime.now(UTC), len(values)
        columns = {
            "source": ["benchmark"] * count, "partition": [0] * count,
            "offset": range(self.number, self.number + count), "value": values,
            "received_at": [now] * count, "ingested_at": [now] * count,
        }  # fmt: skip
        self.number += count
        rows = pa.table(columns, schema=pa.schema([column.field for column in RECEIVED]))
        started = time.monotonic()
        append_rows(self.lake, SALES_EVENTS, rows)
        merge_few_sales(self.lake, rows, stored_profile(self.lake))
        self.settle()
        return time.monotonic() - started


def shortened(lake: Lake, folder: Path) -> Lake:
    """Create a lake with the last ``SHORT`` closed months and the open month of another lake."""
    short, months = Lake.at(str(folder)), read_months(lake)
    claim_lake(short, stored_profile(lake))
    first = plus_months(months.open_month, -SHORT)
    for table in (SHOPS, ITEMS):
        append_rows(short, table, read_table(lake, table))
    for table in (DAILY_SALES, DAILY_OFFERS, MONTHS):
        rows = read_table(lake, table)
        append_rows(short, table, rows.filter(pc.greater_equal(rows["month"], first)))
    return short


def history(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    """Compare micro-batches on a long and a short history, in turns."""
    whole = arguments.work / "whole"
    shutil.copytree(local_path(Lake.at(arguments.lake).root), whole)
    streams = {
        "34 months": Stream(Lake.at(str(whole)), context),
        f"{SHORT} months": Stream(
            shortened(Lake.at(str(whole)), arguments.work / "short"), context
        ),
    }
    for stream in streams.values():
        stream.settle()
    found: dict[str, Any] = {}
    for kind, (opened, recent) in KINDS.items():
        lakes = {name: one for name, one in streams.items() if kind != "older" or "34" in name}
        made = {n: sales(one.lake, 7, recent, opened) for n, one in lakes.items()}
        times: dict[str, list[float]] = {name: [] for name in lakes}
        for _ in range(ROUNDS):
            for name, stream in lakes.items():
                times[name].append(stream.put(taken(made[name], arguments.size)))
        found[kind] = medians(times)
    found["moved"] = medians(moved(streams, arguments.size))
    return found


def moved(streams: dict[str, Stream], size: int) -> dict[str, list[float]]:
    """Time corrections that move sales to another shop, item or month.

    The sales are ingested before, untimed.
    """
    made = {name: moves(stream.lake, 11) for name, stream in streams.items()}
    times: dict[str, list[float]] = {name: [] for name in streams}
    for _ in range(ROUNDS):
        for name, stream in streams.items():
            pairs = [next(made[name]) for _ in range(size)]
            stream.put([before for before, _ in pairs])
            times[name].append(stream.put([after for _, after in pairs]))
    return times


def medians(times: dict[str, list[float]]) -> dict[str, float]:
    """Return the median time per lake, seconds, and the ratio of long to short history."""
    found = {name: round(statistics.median(some), 2) for name, some in times.items()}
    if len(times) > 1:
        long, short = (statistics.median(some) for some in times.values())
        found["ratio"] = round(long / short, 2)
    return found


def taken(made: Iterator[tuple[int, bytes]], count: int) -> list[bytes]:
    """Take the next ``count`` events."""
    return [next(made)[1] for _ in range(count)]


def files(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    """Count the files of each table over many micro-batches with maintenance."""
    stream = Stream(Lake.at(arguments.lake), context)
    made = sales(stream.lake, 9)
    tables = [t for t in all_tables(stored_profile(stream.lake)) if log.exists(stream.lake, t)]
    most = dict.fromkeys((table.path for table in tables), 0)
    for number in range(arguments.batches):
        stream.put(taken(made, 20))
        for table in tables:
            most[table.path] = max(most[table.path], len(log.all_files(stream.lake, table)))
        if number % MAINTAIN_EVERY == MAINTAIN_EVERY - 1:
            options = ["--lake", arguments.lake, "--files", "5"]
            maintain.run(context, maintain.JOB.parser().parse_args(options))
    now = {table.path: len(log.all_files(stream.lake, table)) for table in tables}
    return {"batches": arguments.batches, "files at the end": now, "most files": most}


WHAT: dict[str, Callable[[argparse.Namespace, Context], dict[str, Any]]] = {
    "history": history,
    "files": files,
}


def main() -> int:
    """Measure from a command line, and write the results as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.microbatches", description=__doc__)
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("--lake", required=True)
    parser.add_argument("--work", type=Path, help="an empty folder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--batches", type=int, default=500)
    arguments = parser.parse_args()
    found = WHAT[arguments.what](arguments, Context(JobSettings(), "benchmark"))
    arguments.out.write_text(json.dumps(found, indent=1))
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
