"""Latency of the stream: from the producer's send to the commit of the last table it touches.

    python -m benchmarks.latency --lake URI --out FILE [--seconds 300] [--rate 200]

The lake holds a full-size history with its features up to date, and is changed. 95 of 100 events
are of the open month, 4 of the month before, 1 is older. Both queries run as processes beside a
real broker; the refresh notes which version of daily_sales each of its steps began with. An event
is done when every target month that it alters was computed. Catalogue changes are sent apart.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.traffic import CATALOGUE, SALES, Sent, sales, send, send_catalogue
from ingestion.lake_months import read_months
from lakehouse.delta import log
from lakehouse.delta.arrow import read_batches
from lakehouse.lake import Lake
from lakehouse.month_range import plus_months
from lakehouse.tables.silver import DAILY_SALES, ITEMS
from streaming.kafka.settings import kafka_settings
from streaming.kafka.topics import create_topics
from streaming.local_broker.broker import Broker

WARM_UP_SECONDS, SETTLE_SECONDS = 40, 300


@dataclass(frozen=True)
class Step:
    """A refresh's step: versions of daily_sales and items that it saw, months, when done."""

    sales: int
    items: int
    first: date
    last: date
    done: float


@contextmanager
def process(command: Sequence[str], servers: str, told: Path) -> Iterator[None]:
    """Run a query while a block runs, what it says kept in a file."""
    environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": servers}
    with told.open("w") as stream:
        running = subprocess.Popen(command, env=environment, stderr=stream, stdout=stream)
        try:
            yield
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(120)


def steps(path: Path) -> list[Step]:
    """Read what the refresh noted."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [
        Step(
            r["sales"],
            r["items"],
            date.fromisoformat(r["first"]),
            date.fromisoformat(r["last"]),
            r["done"],
        )
        for r in rows
    ]


def versions(lake: Lake, sent: Sequence[Sent]) -> dict[tuple[int, int], int]:
    """Say which version of daily_sales first held each event: by the time of its batch."""
    commits = log.commits(lake, DAILY_SALES)
    times = [at for _, at in commits]
    places = {(event.partition, event.offset) for event in sent}
    found = {}
    where = [("source", ">=", f"{SALES}:"), ("source", "<", f"{SALES};")]
    columns = ["partition", "offset", "ingested_at"]
    for batch in read_batches(lake, DAILY_SALES, columns, where):
        for row in batch.to_pylist():
            if (row["partition"], row["offset"]) in places:
                at = bisect_left(times, row["ingested_at"].timestamp())
                found[row["partition"], row["offset"]] = commits[at][0]
    return found


def done_at(event: Sent, version: int, open_month: date, told: Sequence[Step]) -> float:
    """Return when every target month that an event alters was computed."""
    first = plus_months(open_month, 1 - event.back)
    open_targets = {plus_months(first, n) for n in range(event.back + 1)}
    for step in told:
        if step.sales >= version:
            open_targets -= {m for m in open_targets if step.first <= m <= step.last}
            if not open_targets:
                return step.done
    return float("nan")


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Summarise latencies."""
    values = np.array(seconds)
    p50, p95 = np.nanpercentile(values, [50, 95]) if len(values) else (np.nan, np.nan)
    return {
        "events": len(values),
        "not_done": int(np.isnan(values).sum()),
        "p50": round(float(p50), 2),
        "p95": round(float(p95), 2),
        "max": round(float(np.nanmax(values)), 2) if len(values) else float("nan"),
    }


def measure(lake: Lake, folder: Path, rate: float, seconds: float) -> dict[str, Any]:
    """Send events and find out when each was done."""
    noted = folder / "steps.jsonl"
    open_month = read_months(lake).open_month
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(folder / "broker"))
        settings = kafka_settings({"bootstrap_servers": broker.servers})
        create_topics(settings, [SALES, CATALOGUE])
        on_lake = ["--lake", lake.root]
        ingest = [sys.executable, "-m", "streaming", "ingest", *on_lake]
        refresh = [sys.executable, "-m", "benchmarks.refreshing", *on_lake, "--out", str(noted)]
        stack.enter_context(process(ingest, broker.servers, folder / "ingest.log"))
        stack.enter_context(process(refresh, broker.servers, folder / "refresh.log"))
        made = sales(lake, seed=1)
        send(broker.servers, made, rate, WARM_UP_SECONDS)
        sent = send(broker.servers, made, rate, seconds)
        wait_until_quiet(noted)
        before = log.version(lake, ITEMS)
        changed = send_catalogue(broker.servers, lake, 20)
        time.sleep(15)
        wait_until_quiet(noted)
    told = steps(noted)
    at = versions(lake, sent)
    taken = [
        (event, done_at(event, at[event.partition, event.offset], open_month, told) - event.at)
        for event in sent
        if (event.partition, event.offset) in at
    ]
    last = max((step.done for step in told if step.items > before), default=float("nan"))
    return {
        "rate": rate,
        "seconds": seconds,
        "all": summary([s for _, s in taken]),
        "open month": summary([s for event, s in taken if event.back == 0]),
        "month before": summary([s for event, s in taken if event.back == 1]),
        "older": summary([s for event, s in taken if event.back > 1]),
        "same sale sent twice": len(sent) - len(taken),
        "20 items change category": round(last - changed, 1),
    }


def wait_until_quiet(noted: Path) -> None:
    """Wait until the refresh has nothing more to do for a while."""
    until = time.monotonic() + SETTLE_SECONDS
    size, since = -1, time.monotonic()
    while time.monotonic() < until and time.monotonic() - since < 15:
        if noted.exists() and noted.stat().st_size != size:
            size, since = noted.stat().st_size, time.monotonic()
        time.sleep(0.5)


def main() -> int:
    """Measure and write what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--lake", required=True, help="full-size lake; it is changed")
    parser.add_argument("--out", type=Path, required=True, help="JSON file of the result")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--rate", type=float, default=200, help="events per second")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Lake.at(arguments.lake), Path(folder), arguments.rate, arguments.seconds)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(found, indent=1))
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
