"""Copies in PostgreSQL: seconds of a publication, and what readers see during swaps.

    python -m benchmarks.publish [--forecasts N] [--swaps N] [--to URL]

Reads nothing but, where --to names one, an empty database; else starts a PostgreSQL server in a
temporary folder. Prints a table in Markdown. Exit code 1: a reader saw no version or two, or 2 M
forecasts took longer than a minute.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa

from benchmarks.postgresql_server import running_server
from lakehouse.delta.arrow import append_rows
from lakehouse.lake import Lake
from lakehouse.profile.profile import load_profile
from lakehouse.profile.stored import claim_lake
from lakehouse.tables.gold import FORECAST_VERSIONS, FORECASTS

MONTHS = [date(2015, month, 1) for month in (11, 12)] + [date(2016, 1, 1)]
CUTOFF, NOW = date(2015, 10, 1), datetime(2015, 11, 3, 2, tzinfo=UTC)
SHOPS, MOST_SECONDS = 60, 60
QUERY = """
SELECT count(DISTINCT version), min(version), count(*)
FROM shopcast.forecast_current WHERE shop_id = '7'
"""


def draw_forecasts(version: str, count: int) -> pa.Table:
    """Draw rows of gold.forecasts: every shop and item, three months ahead."""
    random = np.random.default_rng(len(version))
    rows = np.arange(count)
    units = random.gamma(0.5, 2, count).astype(np.float32)
    columns = {
        "shop_id": pa.array((rows // len(MONTHS) % SHOPS).astype(str)),
        "item_id": pa.array((rows // (len(MONTHS) * SHOPS)).astype(str)),
        "month": pa.array(MONTHS).take(pa.array(rows % len(MONTHS))),
        "version": pa.repeat(version, count),
        "cutoff": pa.repeat(CUTOFF, count),
        "horizon": pa.array((rows % len(MONTHS) + 1).astype(np.int32)),
        "units": units,
        "p10": units * np.float32(0.2),
        "p50": units * np.float32(0.9),
        "p90": units * np.float32(2.1),
        "p95": units * np.float32(3.3),
        "rung": pa.repeat("own history", count),
        "model": pa.repeat("4f1c2d9e8b7a4c3d9e0f1a2b3c4d5e6f", count),
        "generated_at": pa.repeat(NOW, count),
    }
    return pa.table(columns).cast(FORECASTS.schema)


def add_version(lake: Lake, version: str, count: int) -> None:
    """Publish a drawn forecast version in the lake."""
    append_rows(lake, FORECASTS, draw_forecasts(version, count))
    row = {"version": version, "cutoff": CUTOFF, "model": "drawn", "inputs": "{}", "rows": count}
    row |= {"status": "published", "published_at": NOW}
    append_rows(lake, FORECAST_VERSIONS, pa.Table.from_pylist([row], FORECAST_VERSIONS.schema))


def publish(lake: Lake, url: str) -> float:
    """Run jobs.publish as a process; return the seconds that the process took."""
    command = (sys.executable, "-m", "jobs.publish", "--lake", lake.root, "--to", url)
    started = time.monotonic()
    subprocess.run([*command, "--versions", "1", "--keep-hours", "0"], check=True)
    return time.monotonic() - started


class Reader(threading.Thread):
    """Reads the current forecasts without a pause.

    Attributes:
        seen: number of versions, the version and its forecasts, of each answer.
        slowest: seconds of the slowest answer.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self.seen: list[tuple[object, ...]] = []
        self.slowest = 0.0
        self._url, self._ended = url, threading.Event()

    def run(self) -> None:
        """Read until ``end`` is called."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._ended.is_set():
                started = time.monotonic()
                self.seen += connection.execute(QUERY).fetchall()
                self.slowest = max(self.slowest, time.monotonic() - started)

    def end(self) -> None:
        """Stop reading."""
        self._ended.set()
        self.join()


@contextmanager
def database(url: str | None) -> Iterator[str]:
    """Yield the URL of an empty database, of a temporary server where no URL is named."""
    if url is not None:
        yield url
        return
    with running_server() as server:
        yield server.create_database()


def measure(lake: Lake, url: str, forecasts: int, swaps: int) -> bool:
    """Print the table, and return whether all figures are as they must be."""
    add_version(lake, "v000", forecasts)
    seconds, again = publish(lake, url), publish(lake, url)
    readers = [Reader(url), Reader(url)]
    for reader in readers:
        reader.start()
    few = min(forecasts, 30_000)
    for swap in range(1, swaps + 1):
        add_version(lake, f"v{swap:03}", few)
        publish(lake, url)
    for reader in readers:
        reader.end()
    seen = [answer for reader in readers for answer in reader.seen]
    wrong = sum(count != 1 for count, *_ in seen)
    slowest = max(reader.slowest for reader in readers)
    lines = (
        "| copies in PostgreSQL | |",
        "| --- | ---: |",
        f"| {forecasts:,} forecasts, whole process, s | {seconds:.1f} |",
        f"| the same again, nothing to copy, s | {again:.1f} |",
        f"| swaps | {swaps} |",
        f"| answers of two readers meanwhile | {len(seen):,} |",
        f"| answers of no version, or of two | {wrong} |",
        f"| versions seen | {len({version for _, version, _ in seen})} |",
        f"| slowest answer, ms | {slowest * 1000:.0f} |",
    )
    sys.stdout.write("\n".join(lines) + "\n")
    return not wrong and (forecasts > 2_000_000 or seconds <= MOST_SECONDS)


def main() -> int:
    """Measure, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.publish", description=__doc__)
    parser.add_argument("--forecasts", type=int, default=2_000_000)
    parser.add_argument("--swaps", type=int, default=50)
    parser.add_argument("--to", help="URL of an empty database (default: a temporary server)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, database(arguments.to) as url:
        lake = Lake.at(str(Path(folder) / "lake"))
        claim_lake(lake, load_profile("sample").model_copy(update={"target_clip": None}))
        is_met = measure(lake, url, arguments.forecasts, arguments.swaps)
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
